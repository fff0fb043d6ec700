"""What a list of documents may be narrowed to: a state, a name, or the same file read in the same way."""

from typing import Annotated, Literal, NamedTuple

from fastapi import Query
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from shared import page_ranges
from shared.models import Document, Job, JobState, User

ALL_PAGES = "all"


class Sought(NamedTuple):
    """Each of them narrows the list; None does not."""

    status: JobState | None
    name: str | None
    sha256: str | None
    tables: str | None
    pages: str | None


async def asked_for(
    status: JobState | None = None,
    q: Annotated[str | None, Query(max_length=200, description="Part of the file name.")] = None,
    sha256: Annotated[
        str | None,
        Query(pattern="^[0-9a-fA-F]{64}$", description="Only of a file with these bytes."),
    ] = None,
    tables: Annotated[
        Literal["default", "auto"] | None, Query(description="Only those whose upload asked for this.")
    ] = None,
    pages: Annotated[
        str | None,
        Query(
            max_length=2000,
            description="Only those whose upload asked for these pages, or for `all`.",
            examples=["1-5,9"],
        ),
    ] = None,
) -> Sought:
    return Sought(status, q, sha256, tables, pages)


def own_documents(user: User, sought: Sought) -> SelectOfScalar[Document]:
    """Select a user's documents; raises InvalidField for a selection of pages that is none."""
    statement = select(Document).where(Document.owner_id == user.id)
    if sought.name:
        statement = statement.where(col(Document.filename).icontains(sought.name, autoescape=True))
    if sought.status:
        statement = statement.join(Job, col(Job.id) == Document.latest_job_id).where(Job.state == sought.status)
    if sought.sha256:
        statement = statement.where(Document.sha256 == sought.sha256.lower())
    if sought.tables:
        statement = statement.where(col(Document.options)["tables"].as_string() == sought.tables)
    if sought.pages:
        statement = statement.where(
            col(Document.options)["pages"].as_string().is_not_distinct_from(_stored(sought.pages))
        )
    return statement


def _stored(pages: str) -> str | None:
    return None if pages == ALL_PAGES else page_ranges.normalize(pages)

"""Reading and writing the rows of pages, for the lifecycle that decides when."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared.models import Job, Page
from shared.page_content import FailedPage, ReadPage, pack, storable, text_of, unpack
from shared.spans import texts_in
from shared.terms import as_tsvector

PREVIEW_LENGTH = 500
NOTHING_READ = (
    "width",
    "height",
    "text_layer",
    "content",
    "words",
    "spans",
    "terms",
    "plain_because",
    "code",
    "message",
)


def outcomes(session: Session, job: Job, selected: Sequence[int], *, of_any_job: bool = False) -> dict[int, str | None]:
    """Return for each selected page that is settled for this job None or its error code.

    A page that another job failed to read is not settled, unless `of_any_job`: this job tries it anew.
    """
    rows = session.exec(
        select(Page.number, Page.error_code, Page.job_id).where(
            Page.document_id == job.document_id, Page.settings == job.settings
        )
    )
    wanted = set(selected)
    return {n: code for n, code, job_id in rows if n in wanted and (code is None or of_any_job or job_id == job.id)}


def write(
    session: Session, job_id: UUID, pages: Sequence[ReadPage | FailedPage], *, attempt: int
) -> list[ReadPage | FailedPage]:
    """Insert pages, all in one statement, and return those that were new.

    A good page is never overwritten; a failed one is by another job, which tries it again. A page can be searched for
    from the commit on: its terms are those of its text, and one of its owner's, so that the index alone keeps owners
    apart.
    """
    statement = """
        INSERT INTO pages (document_id, settings, number, job_id, attempt, width, height, text_layer, table_count,
                           content, words, spans, terms, plain_because, error_code, error_message, created_at)
        SELECT j.document_id, j.settings, number, j.id, :attempt, width, height, text_layer, table_count,
               content, words, spans, CAST('''owner:' || j.owner_id || ''' ' || terms AS tsvector),
               plain_because, code, message, now()
        FROM jobs j, unnest(
            CAST(:number AS integer[]), CAST(:width AS double precision[]), CAST(:height AS double precision[]),
            CAST(:text_layer AS text[]), CAST(:table_count AS integer[]), CAST(:content AS bytea[]),
            CAST(:words AS bytea[]), CAST(:spans AS bytea[]), CAST(:terms AS text[]), CAST(:plain_because AS text[]),
            CAST(:code AS text[]), CAST(:message AS text[]))
            AS done (number, width, height, text_layer, table_count, content, words, spans, terms, plain_because, code,
                     message)
        WHERE j.id = :job
        ON CONFLICT (document_id, settings, number) DO UPDATE SET
            (job_id, attempt, width, height, text_layer, table_count, content, words, spans, terms, plain_because,
             error_code, error_message, created_at) = (excluded.job_id, excluded.attempt, excluded.width,
             excluded.height, excluded.text_layer, excluded.table_count, excluded.content, excluded.words,
             excluded.spans, excluded.terms, excluded.plain_because, excluded.error_code, excluded.error_message,
             excluded.created_at)
        WHERE pages.error_code IS NOT NULL AND pages.job_id <> excluded.job_id
        RETURNING number"""
    if not pages:
        return []
    rows = [_columns(page) for page in pages]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    written = session.execute(text(statement), {"job": job_id, "attempt": attempt, **columns}).scalars().all()
    return [page for page in pages if page.number in written]


def _columns(page: ReadPage | FailedPage) -> dict[str, Any]:
    empty = dict.fromkeys(NOTHING_READ)
    if isinstance(page, FailedPage):
        return {**empty, "number": page.number, "table_count": 0, "code": page.code, "message": page.message}
    return {
        **empty,
        "number": page.number,
        "width": float(page.width),  # A list of integers and floats has no type in Postgres.
        "height": float(page.height),
        "text_layer": page.text_layer,
        "table_count": page.table_count,
        "content": pack(page.content),
        "words": pack(page.words),
        "terms": as_tsvector(text_of(page.content), pieces=() if page.spans is None else texts_in(page.spans)),
        "spans": None if page.spans is None else pack(page.spans),
        "plain_because": page.plain_because,
    }


def read_plainly(session: Session, job: Job) -> dict[str, int]:
    """Return how many pages of a job pdfplumber itself read, by the reason."""
    statement = """SELECT plain_because, count(*) FROM pages
        WHERE job_id = :job AND plain_because IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"""
    return {row[0]: row[1] for row in session.execute(text(statement), {"job": job.id})}


def first_error(session: Session, job: Job) -> tuple[str | None, str | None]:
    """Return code and sentence of the first page that this job failed to read."""
    statement = select(Page.error_code, Page.error_message).where(
        Page.job_id == job.id, col(Page.error_code).is_not(None)
    )
    return session.exec(statement.order_by(col(Page.number)).limit(1)).one()


def preview(session: Session, job: Job) -> str | None:
    """Return the first characters of the pages' text, for lists."""
    rows = session.exec(
        select(Page.content)
        .where(Page.document_id == job.document_id, Page.settings == job.settings, col(Page.content).is_not(None))
        .order_by(col(Page.number))
        .limit(20)
    )
    preview = ""
    for content in rows:
        preview += storable(unpack(content)["text"]) + "\n" if content else ""
        if len(preview) >= PREVIEW_LENGTH:
            break
    return preview[:PREVIEW_LENGTH].strip() if job.pages_done else None


def table_count(session: Session, job: Job) -> int | None:
    statement = "SELECT sum(table_count) FROM pages WHERE document_id = :document AND settings = :settings"
    given = {"document": job.document_id, "settings": job.settings}
    return session.execute(text(statement), given).scalar() if job.pages_done else None

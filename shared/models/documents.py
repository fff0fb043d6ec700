"""Uploaded documents and the pages read from them."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlmodel import Field, SQLModel, desc

from shared.clock import new_id
from shared.models.columns import moment


class Document(SQLModel, table=True):
    """One uploaded PDF.

    `blob_key` is a UUID path, never the user's file name. `options` are what the upload asked for (`pages`,
    `tables`) and decide, with `sha256`, whether a later upload is the same one. `rev` counts state changes of
    its jobs and page commits. `latest_job_id` is the job that `status` speaks of; ids alone would not tell, because
    the clocks of several API hosts differ. `password_sealed` is made by `shared.sealing`. A `repaired` document's pages
    are those of the copy that PDFium saves, `repaired_because` pdfplumber found fewer, or none, in the original.
    """

    __tablename__ = "documents"
    __table_args__ = (
        Index("documents_newest", "owner_id", desc("id")),
        Index("documents_same_upload", "owner_id", "sha256"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner_id: int = Field(foreign_key="users.id")
    filename: str
    size: int = Field(sa_type=BigInteger)
    sha256: str
    blob_key: str = Field(unique=True)
    options: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    password_sealed: bytes | None = None
    latest_job_id: UUID | None = None
    page_count: int | None = None
    text_preview: str | None = None
    table_count: int | None = None
    repaired: bool = False
    repaired_because: str | None = None
    rev: int = 1
    created_at: datetime = moment()


class Page(SQLModel, table=True):
    """One page read under one set of extraction settings, or the reason why it could not be.

    `content`, `words` and `spans` are zlib-compressed JSON (Postgres's text and jsonb refuse U+0000 and lone
    surrogates, and jsonb rewrites numbers). Width and height are in PDF points. `job_id` and `attempt` say who wrote
    the row, `plain_because` why pdfplumber itself read the page instead of the engine. Pages read before there were
    `spans` have none. The column `terms` is what search looks at (`shared/pages.py`); it is no attribute, because
    nobody needs it in Python.
    """

    __tablename__ = "pages"
    __table_args__ = (
        Index("pages_of_job", "job_id"),
        Column("terms", TSVECTOR),
        Index("pages_terms", "terms", postgresql_using="gin"),
    )
    __mapper_args__: ClassVar[dict[str, Any]] = {"exclude_properties": ["terms"]}

    document_id: UUID = Field(primary_key=True, foreign_key="documents.id", ondelete="CASCADE")
    settings: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    job_id: UUID = Field(foreign_key="jobs.id", ondelete="CASCADE")
    attempt: int
    width: float | None = None
    height: float | None = None
    text_layer: str | None = None
    table_count: int = 0
    content: bytes | None = None
    words: bytes | None = None
    spans: bytes | None = None
    plain_because: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    created_at: datetime = moment()


class EngineCheck(SQLModel, table=True):
    """A page that the engine read and that pdfplumber reads again when there is nothing else to do.

    `outcome` is `same`, `differs: ` with the parts that do, or `unclear`; None as long as nobody has begun.
    """

    __tablename__ = "engine_checks"
    __table_args__ = (Index("engine_checks_waiting", "created_at", postgresql_where=text("outcome IS NULL")),)

    document_id: UUID = Field(primary_key=True, foreign_key="documents.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    outcome: str | None = None
    created_at: datetime = moment()


class UnownedBlob(SQLModel, table=True):
    """A blob that no document owns: of an upload under way until it is accepted, or bytes that are to be erased.

    It is written before the blob is, so that a crash at any moment leaves no blob that nobody knows of.
    """

    __tablename__ = "unowned_blobs"
    __table_args__ = (Index("unowned_blobs_due", "erase_after"),)

    key: str = Field(primary_key=True)
    erase_after: datetime = moment()

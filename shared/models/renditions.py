"""What was made of documents on demand: pictures of pages, and what a document says of itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from shared.models.columns import moment


class Rendition(SQLModel, table=True):
    """One thing that was made of a document, or the reason why it could not be.

    `name` says what it is, down to the pixel; the job that makes it has the same as its `settings`. The bytes are in
    the blob store under `blob_key`; `sha256` is theirs.
    """

    __tablename__ = "renditions"

    document_id: UUID = Field(primary_key=True, foreign_key="documents.id", ondelete="CASCADE")
    name: str = Field(primary_key=True)
    blob_key: str | None = Field(default=None, unique=True)
    size: int = Field(default=0, sa_type=BigInteger)
    sha256: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    created_at: datetime = moment()

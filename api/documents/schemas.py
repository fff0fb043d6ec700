"""What clients see of documents, pages and tables."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.jobs.schemas import JobCard, JobError
from shared.models import JobState

Bbox = Annotated[
    tuple[float, float, float, float],
    Field(description="x0, top, x1, bottom in PDF points from the page's top left corner."),
]
Rows = list[list[str | None]]


class DocumentCard(BaseModel):
    """One document with its latest job."""

    id: UUID
    filename: str = Field(examples=["report.pdf"])
    size: int = Field(description="Bytes.", examples=[48213])
    sha256: str
    status: JobState
    rev: int = Field(description="Counts state changes and page commits.")
    page_count: int | None
    text_preview: str | None = Field(description="The first 500 characters, once the job has ended.")
    table_count: int | None
    created_at: datetime
    duplicate: bool
    repaired: bool
    job: JobCard


class TableOnPage(BaseModel):
    bbox: Bbox
    rows: Rows = Field(description="As pdfplumber's `extract_tables()`; null where it gives None.")


class Word(BaseModel):
    """A word as pdfplumber's `extract_words()` gives it, in PDF points."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float


class PageCard(BaseModel):
    """One page; a failed page has an `error` and no contents, `words` come on request."""

    number: int
    width: float | None
    height: float | None
    text: str | None = Field(description="As pdfplumber's `extract_text()`.")
    tables: list[TableOnPage]
    text_layer: Literal["none", "partial", "full"] | None
    error: JobError | None = None
    words: list[Word] | None = None


class PageList(BaseModel):
    data: list[PageCard]
    next: int | None = Field(description="Send as `after` for what follows; null when there is no more to come.")


class TableCard(TableOnPage):
    number: int = Field(description="Counted from 1 over the document.")
    page: int


class TableList(BaseModel):
    data: list[TableCard]


UPLOAD_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "The PDF."},
                    "pages": {"type": "string", "description": "Only these pages.", "examples": ["1-5,9"]},
                    "password": {"type": "string", "format": "password", "description": "For an encrypted PDF."},
                    "tables": {"type": "string", "enum": ["default"], "default": "default"},
                },
            }
        }
    },
}

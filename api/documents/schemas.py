"""What clients see of documents, pages and tables."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.jobs.schemas import JobCard, JobError
from shared import page_ranges
from shared.models import JobState

Bbox = Annotated[
    tuple[float, float, float, float],
    Field(description="x0, top, x1, bottom in PDF points from the page's top left corner."),
]
Rows = list[list[str | None]]
MAX_DEADLINE_S = 30 * 24 * 3600


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


class ExtractionOptions(BaseModel):
    """What an extraction may be asked for."""

    model_config = ConfigDict(extra="forbid")

    pages: str | None = None
    password: str | None = None
    tables: Literal["default"] = "default"
    deadline_s: Annotated[float | None, Field(gt=0, le=MAX_DEADLINE_S)] = None

    @field_validator("pages", "password", "deadline_s", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("pages")
    @classmethod
    def _normal_form(cls, value: str | None) -> str | None:
        return page_ranges.normalize(value) if value else None

    def compared(self) -> dict[str, Any]:
        """Return what decides whether two uploads of the same bytes are the same: not password nor deadline."""
        return self.model_dump(exclude={"password", "deadline_s"})


class Rename(BaseModel):
    model_config = ConfigDict(extra="forbid")

    filename: str = Field(min_length=1, max_length=1000)


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
                    "deadline_s": {
                        "type": "number",
                        "exclusiveMinimum": 0,
                        "description": "Give up what is not read so many seconds from now.",
                    },
                },
            }
        }
    },
}

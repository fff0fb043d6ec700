"""What clients see of documents, pages and tables."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from api.accounts.schemas import UserCard
from api.documents.extraction_settings import TableSettings, TextSettings
from api.documents.text.forms import FormName
from api.jobs.schemas import JobCard, JobError
from shared import page_ranges
from shared.models import JobState
from shared.page_content import TableStrategy

Bbox = Annotated[
    tuple[float, float, float, float],
    Field(description="x0, top, x1, bottom in PDF points, as pdfplumber has them; see `corner` of the page."),
]
Rows = list[list[str | None]]
MAX_PAGE_NUMBER = 2**31 - 1
MAX_DEADLINE_S = 30 * 24 * 3600


class DocumentCard(BaseModel):
    """One document with its latest job; `shared_by` is there only when it is somebody else's."""

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
    shared_by: UserCard | None = Field(None, description="Whose document this is.")

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        if self.shared_by is None:
            fields.pop("shared_by", None)
        return fields


class TableOnPage(BaseModel):
    bbox: Bbox
    rows: Rows = Field(description="As pdfplumber's `extract_tables()`; null where it gives None.")
    confidence: float | None = Field(
        None, ge=0, le=1, description="With `tables=auto`: how sure it is that this is one."
    )
    strategy: TableStrategy | None = Field(None, description="With `tables=auto`: what the table was found by.")


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
    corner: tuple[float, float] | None = Field(
        None,
        description="The place that words and tables give to the top left corner of the page's picture; only of pages "
        "where that is not 0, 0. Take it from their places to draw them over the picture.",
    )


class PagesWanted(BaseModel):
    """Which pages a list is to have."""

    after: int = Field(0, ge=0, le=MAX_PAGE_NUMBER)
    limit: int = Field(20, ge=1, le=100)
    include: Literal["words"] | None = Field(None, description="Each page with its words and their places.")


class TextWanted(BaseModel):
    """In which form the text is wanted, and of which pages."""

    format: FormName = Field("plain", description="`plain` and `layout` are pdfplumber's, `reading` follows columns.")
    pages: str | None = Field(None, max_length=2000, description="Only these pages.", examples=["1-5,9"])


class PageList(BaseModel):
    data: list[PageCard]
    next: int | None = Field(description="Send as `after` for what follows; null when there is no more to come.")


class ExtractionOptions(BaseModel):
    """What an extraction may be asked for."""

    model_config = ConfigDict(extra="forbid")

    pages: str | None = None
    password: str | None = None
    tables: Literal["default", "auto"] = "default"
    deadline_s: Annotated[float | None, Field(gt=0, le=MAX_DEADLINE_S)] = None
    notify: Literal["email"] | None = None

    @field_validator("pages", "password", "deadline_s", "notify", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("pages")
    @classmethod
    def _normal_form(cls, value: str | None) -> str | None:
        return page_ranges.normalize(value) if value else None

    def compared(self) -> dict[str, Any]:
        """Return what decides whether two uploads of the same bytes are the same: how they are to be read."""
        return self.model_dump(exclude={"password", "deadline_s", "notify"})


class AgainOptions(ExtractionOptions):
    """What a further extraction may be asked for: also how pdfplumber is to find words, text and tables."""

    text_settings: TextSettings | None = None
    table_settings: TableSettings | None = None

    @field_validator("table_settings")
    @classmethod
    def _one_way_of_finding(cls, value: TableSettings | None, info: ValidationInfo) -> TableSettings | None:
        """Refuse settings of pdfplumber's for tables that it is not asked to find."""
        if value and value.normal_form() and info.data.get("tables") == "auto":
            raise ValueError("These settings are pdfplumber's: leave them out, or leave out tables=auto")
        return value

    def job_options(self) -> dict[str, Any]:
        """Return what decides how pages are read; giving pdfplumber's defaults equals giving nothing."""
        given = {"text_settings": self.text_settings, "table_settings": self.table_settings}
        settings = {name: wish.normal_form() for name, wish in given.items() if wish}
        return {"tables": self.tables, **{name: changed for name, changed in settings.items() if changed}}


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
                    "tables": {"type": "string", "enum": ["default", "auto"], "default": "default"},
                    "deadline_s": {
                        "type": "number",
                        "exclusiveMinimum": 0,
                        "description": "Give up what is not read so many seconds from now.",
                    },
                    "notify": {
                        "type": "string",
                        "enum": ["email"],
                        "description": "Send a mail to the owner once the job has ended.",
                    },
                },
            }
        }
    },
}

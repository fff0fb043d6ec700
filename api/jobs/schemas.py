"""What clients see of jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, model_serializer

from shared.models import JobState


class Progress(BaseModel):
    pages_done: int
    pages_failed: int
    pages_total: int | None = Field(description="Null until the PDF has been opened.")


class JobError(BaseModel):
    code: str = Field(examples=["password_required"])
    message: str
    retryable: bool


class FailedPageCard(BaseModel):
    number: int
    code: str = Field(examples=["page_timeout"])


class Statistics(BaseModel):
    """How many of the pages that the job read pdfplumber itself has read, and not the engine."""

    fallbacks: dict[str, int] = Field(description="Pages that the engine could not read, by the reason.")
    other_settings: int = Field(description="Pages read with other settings than pdfplumber's defaults.")


class JobCard(BaseModel):
    """One job; `failed_pages` is there only when pages failed, `asked` only when something was asked for.

    `statistics` is there only when the job is asked for by itself, has ended, and pdfplumber itself read some pages.
    """

    id: UUID
    kind: str = Field(examples=["extraction"])
    state: JobState
    done: bool
    document_id: UUID | None
    progress: Progress
    queue_position: int | None = Field(description="1 is next; null once the job has started.")
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: JobError | None
    retry_of: UUID | None
    reused: bool
    failed_pages: list[FailedPageCard] | None = None
    asked: dict[str, Any] | None = Field(
        None,
        description="As in `POST /documents/{id}/jobs`: what differs from all pages with the defaults.",
        examples=[{"pages": "1-5,9", "tables": "auto"}],
    )
    statistics: Statistics | None = None

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        for name in ("failed_pages", "asked", "statistics"):
            if getattr(self, name) is None:
                fields.pop(name, None)
        return fields

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


class JobCard(BaseModel):
    """One job; `failed_pages` is there only when pages failed."""

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

    @model_serializer(mode="wrap")
    def _without_empty_list(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        if self.failed_pages is None:
            fields.pop("failed_pages", None)
        return fields

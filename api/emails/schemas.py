"""What clients say of mails, and what administrators see of them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.models import EmailStage, JobState

MAX_ADDRESS_LENGTH = 320
MAX_SUBJECT_LENGTH = 200
MAX_BODY_LENGTH = 100_000


class SendEmail(BaseModel):
    """One mail to one address: either a template, or a subject and a body in plain text."""

    to: str = Field(max_length=MAX_ADDRESS_LENGTH, examples=["ada@example.org"])
    template: Literal["job_done"] | None = Field(
        default=None, description="`job_done` tells what became of the document, and needs `document_id`."
    )
    subject: str | None = Field(default=None, min_length=1, max_length=MAX_SUBJECT_LENGTH, examples=["The report"])
    body: str | None = Field(
        default=None, min_length=1, max_length=MAX_BODY_LENGTH, examples=["Here is the report you asked for."]
    )
    document_id: UUID | None = Field(default=None, description="One of your documents; the mail links to it.")


class OutboxItem(BaseModel):
    """One mail as administrators see it: never what it says, but what became of it."""

    id: UUID
    job_id: UUID
    owner_id: int
    to: str
    template: str
    state: JobState
    attempt: int
    stage: EmailStage
    deferrals: int = Field(description="Attempts that ended with a temporary error.")
    uncertain: int = Field(description="Attempts of which nobody knows whether the mail arrived.")
    message_id: str | None
    smtp_code: int | None = Field(description="What the server said last, with its enhanced code and words.")
    smtp_enhanced: str | None
    smtp_text: str | None
    created_at: datetime
    sent_at: datetime | None

"""Mails to be sent, the addresses that refuse them, and for how long the mail server is left alone."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.clock import new_id
from shared.models.columns import later, moment, one_of


class EmailStage(StrEnum):
    """How far a mail has come; it is written down before the step that it names is taken.

    An attempt that ends in DATA_SENT without an answer is undecided: the mail may have arrived.
    """

    WAITING = "waiting"
    SENDING = "sending"
    DATA_SENT = "data_sent"
    SENT = "sent"
    FAILED = "failed"


class Email(SQLModel, table=True):
    """One mail to one recipient; its state, attempts and error are its job's.

    `params` and the sealed `secret` (JSON as well) fill in the template. The mail is rendered once, before its first
    attempt, and sealed; all attempts send these bytes, under one Message-ID. Once it is sent, nothing of its content is
    kept. `event_key` keeps what tells of the same event from being queued twice. `deferrals` counts the attempts that
    ended with a temporary error, `uncertain` those whose outcome nobody knows.
    """

    __tablename__ = "emails"
    __table_args__ = (
        one_of("stage", EmailStage, name="emails_stage"),
        Index("emails_of_owner", "owner_id", "created_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    job_id: UUID = Field(foreign_key="jobs.id", unique=True, ondelete="CASCADE")
    owner_id: int
    event_key: str | None = Field(default=None, unique=True)
    to_address: str
    template: str
    params: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    secret_sealed: bytes | None = None
    rendered_sealed: bytes | None = None
    message_id: str | None = Field(default=None, unique=True)
    stage: str = EmailStage.WAITING
    deferrals: int = 0
    uncertain: int = 0
    smtp_code: int | None = None
    smtp_enhanced: str | None = None
    smtp_text: str | None = None
    created_at: datetime = moment()
    sent_at: datetime | None = later()


class SuppressedAddress(SQLModel, table=True):
    """An address, by a keyed hash, that a server said does not exist; nothing is sent to it before `until`."""

    __tablename__ = "suppressed_addresses"

    address_hash: bytes = Field(primary_key=True)
    reason: str
    created_at: datetime = moment()
    until: datetime = moment()


class MailPause(SQLModel, table=True):
    """A mail server that is left alone until a time, because it asked for it or refuses our credentials."""

    __tablename__ = "mail_pauses"

    host: str = Field(primary_key=True)
    until: datetime = moment()
    reason: str

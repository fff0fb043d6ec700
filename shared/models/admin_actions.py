"""What administrators did: rows that a trigger lets nobody change or take away."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.clock import new_id
from shared.models.columns import moment, one_of


class Deed(StrEnum):
    """What an administrator can do that is recorded."""

    ACCOUNT_MADE = "account_made"
    ACCOUNT_CHANGED = "account_changed"
    JOB_RETRIED = "job_retried"
    MAILS_READ = "mails_read"
    SUPPRESSION_LIFTED = "suppression_lifted"
    FLOWER_USED = "flower_used"


class AdminAction(SQLModel, table=True):
    """Who did what, when, and to whose account; there are no foreign keys, so that nothing takes a row along.

    Without `admin_id` it was done at the command line of the machine. `target` is the path of what it was done to.
    """

    __tablename__ = "admin_actions"
    __table_args__ = (one_of("deed", Deed, name="admin_actions_deed"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = moment()
    admin_id: int | None = None
    deed: Deed = Field(sa_type=String)
    account_id: int | None = None
    target: str
    details: dict[str, Any] = Field(sa_type=JSONB)
    request_id: str | None = None

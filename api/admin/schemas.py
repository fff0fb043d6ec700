"""What administrators send and see."""

from datetime import datetime

from pydantic import Field, field_validator

from api.accounts.schemas import Account, Payload
from shared.models import Role

LARGEST_QUOTA = 2**62
LARGEST_COUNT = 2**31 - 1


class AdminUser(Account):
    """An account as administrators see it; `quota` is its storage in bytes, null is no limit."""

    active: bool
    email_verified: bool
    storage_used: int
    quota: int | None
    pages_per_day: int | None
    open_jobs: int | None
    created_at: datetime
    last_seen_at: datetime | None = Field(description="When it last signed in or went on with a session.")


class UpdateUser(Payload):
    """What to change; fields that are not there stay as they are, a quota of null is none."""

    role: Role | None = Field(default=None, examples=["admin"])
    active: bool | None = Field(default=None, description="Without it the account cannot be used, now and later.")
    quota: int | None = Field(default=None, ge=0, le=LARGEST_QUOTA, description="Storage in bytes.")
    pages_per_day: int | None = Field(default=None, ge=0, le=LARGEST_COUNT, description="Pages read in 24 hours.")
    open_jobs: int | None = Field(default=None, ge=0, le=LARGEST_COUNT, description="Jobs that have not ended.")

    @field_validator("role", "active")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("cannot be null; leave it out to keep it")
        return value

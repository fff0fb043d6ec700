"""The answers to requests that carried an Idempotency-Key, kept for replays."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.models.columns import moment


class IdempotencyKey(SQLModel, table=True):
    """One answered request; it commits together with what the request did.

    `fingerprint` tells whether a later request with the same key asks for the same.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("idempotency_keys_oldest", "created_at"),)

    owner_id: int = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE")
    key: str = Field(primary_key=True)
    fingerprint: bytes
    status: int = Field(sa_type=SmallInteger)
    headers: dict[str, Any] = Field(sa_type=JSONB)
    body: bytes
    created_at: datetime = moment()

"""Accounts and their signed-in sessions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Identity
from sqlmodel import Field, SQLModel

from shared.clock import new_id
from shared.models.columns import later, moment, one_of


class Role(StrEnum):
    USER = "user"
    ADMIN = "admin"


class User(SQLModel, table=True):
    """A person or program with an account; `email` is stored in lower case.

    `storage_used` is the sum of the bytes of its documents; a trigger in Postgres counts it. A quota of None is none.
    """

    __tablename__ = "users"
    __table_args__ = (one_of("role", Role, name="users_role"),)

    id: int | None = Field(default=None, primary_key=True, sa_column_args=(Identity(),))
    email: str = Field(unique=True)
    name: str
    password_hash: str
    role: str = Role.USER
    is_active: bool = True
    email_verified_at: datetime | None = later()
    storage_used: int = Field(default=0, sa_type=BigInteger)
    storage_quota: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = moment()


class UserSession(SQLModel, table=True):
    """One sign-in: the family of refresh tokens that descend from it (RFC 9700, section 4.14)."""

    __tablename__ = "sessions"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    created_at: datetime = moment()
    revoked_at: datetime | None = later()


class RefreshToken(SQLModel, table=True):
    """A refresh token by the SHA-256 of its text; it is spent by its first use."""

    __tablename__ = "refresh_tokens"

    token_hash: bytes = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.id", index=True, ondelete="CASCADE")
    expires_at: datetime = moment()
    spent_at: datetime | None = later()

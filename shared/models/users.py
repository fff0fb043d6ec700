"""Accounts, and what speaks for them: sessions, API keys, and the single-use tokens of account mails."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Identity, Index, String
from sqlmodel import Field, SQLModel

from shared.clock import new_id
from shared.models.columns import later, moment, one_of


class Role(StrEnum):
    USER = "user"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an API key may do; reading is what safe methods do (RFC 9110, section 9.2.1)."""

    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_WRITE = "documents:write"
    CHAT = "chat"
    ADMIN = "admin"


class Purpose(StrEnum):
    """What a single-use token is good for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 — A purpose, not a secret.


class User(SQLModel, table=True):
    """A person or program with an account; `email` is stored in lower case.

    `storage_used` is the sum of the bytes of its documents; a trigger in Postgres counts it. `pages_per_day` limits the
    pages of the jobs of the last 24 hours, `open_jobs` the jobs that have not ended, besides MAX_OPEN_JOBS. A quota of
    None is none.
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
    pages_per_day: int | None = None
    open_jobs: int | None = None
    created_at: datetime = moment()


class UserSession(SQLModel, table=True):
    """One sign-in: the family of refresh tokens that descend from it (RFC 9700, section 4.14).

    It is used when it is refreshed; `address` and `user_agent` are those of that moment.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index("sessions_expiring", "expires_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    address: str = ""
    user_agent: str = ""
    created_at: datetime = moment()
    last_used_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = later()


class RefreshToken(SQLModel, table=True):
    """A refresh token by the SHA-256 of its text; it is spent by its first use, over the connection `spent_by`."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("refresh_tokens_expiring", "expires_at"),)

    token_hash: bytes = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.id", index=True, ondelete="CASCADE")
    expires_at: datetime = moment()
    spent_at: datetime | None = later()
    spent_by: str | None = None


class ApiKey(SQLModel, table=True):
    """A key of a program by the SHA-256 of its text; `prefix` is its beginning, by which people tell keys apart."""

    __tablename__ = "api_keys"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    name: str
    prefix: str
    key_hash: bytes = Field(unique=True)
    scopes: list[str] = Field(sa_type=ARRAY(String))
    created_at: datetime = moment()
    expires_at: datetime | None = later()
    last_used_at: datetime | None = later()


class AccountToken(SQLModel, table=True):
    """A single-use token that was mailed to `email`, by the SHA-256 of its text; its row goes when it is used."""

    __tablename__ = "account_tokens"
    __table_args__ = (one_of("purpose", Purpose, name="account_tokens_purpose"),)

    token_hash: bytes = Field(primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    purpose: str
    email: str
    created_at: datetime = moment()
    expires_at: datetime = moment()

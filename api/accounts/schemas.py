"""What clients send and see of accounts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.models import Scope

EXAMPLE_EMAIL = "ada@example.org"
MailedToken = Annotated[str, Field(max_length=200, description="From the mail.")]
Password = Annotated[str, Field(max_length=4096, examples=["correct horse battery"])]


class Payload(BaseModel):
    """A request body; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Register(Payload):
    email: str = Field(max_length=320, examples=[EXAMPLE_EMAIL])
    password: Password
    name: str = Field(max_length=1000, examples=["Ada Lovelace"])


class Login(Payload):
    email: str = Field(max_length=320, examples=[EXAMPLE_EMAIL])
    password: Password


class Refresh(Payload):
    refresh_token: str = Field(max_length=200)


class UpdateMe(Payload):
    name: str = Field(max_length=1000, examples=["Ada King"])


class UserCard(BaseModel):
    """A user as other users see it."""

    id: int = Field(examples=[1])
    email: str = Field(examples=[EXAMPLE_EMAIL])
    name: str = Field(examples=["Ada Lovelace"])


class Account(UserCard):
    role: str = Field(examples=["user"])


class OwnAccount(Account):
    """One's own account; storage is in bytes, a quota of null means none."""

    email_verified: bool
    storage_used: int
    storage_quota: int | None


class SignedIn(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 — The OAuth 2 token type, not a secret.
    expires_in: int = Field(description="Seconds until the access token ends.", examples=[900])
    refresh_token: str
    user: Account


class SignedInPage(BaseModel):
    """What the page learns of its session; the tokens themselves are in cookies that no script can read."""

    expires_in: int = Field(description="Seconds until the session must be refreshed.", examples=[900])
    user: Account


class SessionCard(BaseModel):
    """One sign-in; address and program are those of its last refresh."""

    id: UUID
    current: bool = Field(description="Whether this very request came from it.")
    address: str = Field(examples=["192.0.2.7"])
    user_agent: str = Field(examples=["Mozilla/5.0"])
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class NewKey(Payload):
    name: str = Field(max_length=1000, examples=["nightly import"])
    scopes: list[Scope] = Field(min_length=1, max_length=20, examples=[["documents:read", "documents:write"]])
    expires_at: AwareDatetime | None = Field(default=None, description="When it stops working; null is never.")


class KeyCard(BaseModel):
    """An API key without its secret; `prefix` is how it begins."""

    id: UUID
    name: str = Field(examples=["nightly import"])
    prefix: str = Field(examples=["sheaf_q3xZ"])
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class KeyMade(KeyCard):
    key: str = Field(description="The key itself; it is shown this once.", examples=["sheaf_q3xZ…"])


class ChangePassword(Payload):
    old: Password
    new: Password


class ForgotPassword(Payload):
    email: str = Field(max_length=320, examples=[EXAMPLE_EMAIL])


class ResetPassword(Payload):
    token: MailedToken
    password: Password


class VerifyEmail(Payload):
    token: MailedToken


class Accepted(BaseModel):
    detail: str


class Quota(BaseModel):
    """What one account may use and uses; sizes in bytes, null is no limit."""

    storage: int | None
    storage_used: int
    pages_per_day: int | None
    pages_last_day: int
    open_jobs: int
    open_jobs_used: int


class Limits(BaseModel):
    """What this installation allows; `rates` says how often, by what is done."""

    max_upload_bytes: int = Field(examples=[209715200])
    max_pages: int = Field(description="Pages of one document.", examples=[5000])
    page_timeout_s: float = Field(examples=[30])
    job_timeout_s: float = Field(examples=[3600])
    rates: dict[str, str] = Field(examples=[{"search": "6000/minute"}])
    quota: Quota

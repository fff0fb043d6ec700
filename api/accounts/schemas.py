"""What clients send and see of accounts."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE_EMAIL = "ada@example.org"
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

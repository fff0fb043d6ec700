"""Who is asking: the dependencies that turn an access token, an API key or the page's cookie into an account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import text
from sqlmodel import Session, col, select
from starlette.requests import HTTPConnection

from api import access_tokens, cookies
from api.access_tokens import InvalidToken, TokenExpired
from api.opaque_tokens import digest
from api.origins import check_origin
from api.resources import Shared, Work
from api.scopes import SAFE_METHODS, check_scopes
from shared.clock import now
from shared.errors import Forbidden, Unauthenticated
from shared.models import ApiKey, Role, User, UserSession
from shared.settings import Settings

KEY_PREFIX = "sheaf_"
SCHEME = "bearer"
NOTED_EVERY = timedelta(minutes=1)

bearer = OAuth2PasswordBearer(
    "/token", auto_error=False, description="An access token from `/login` or `/token`, or an API key."
)
Documented = Annotated[str | None, Depends(bearer)]


class AdminsOnly(Forbidden):
    """Only administrators may do this."""

    code = "admins_only"


@dataclass(frozen=True)
class Identity:
    """An active account, and the session or the API key that speaks for it, until when; a key may have no end."""

    user: User
    expires_at: datetime | None
    session_id: UUID | None = None
    key_id: UUID | None = None


def identify(session: Session, settings: Settings, request: HTTPConnection) -> Identity:
    """Return who sent a request, or opens a WebSocket, from what stands in the database now.

    `Authorization` wins over the cookie. Raises Unauthenticated with the next step, OriginNotAllowed when a page of
    somebody else uses the cookie, and ScopeMissing when an API key is not made for this route.
    """
    return identify_token(session, settings, request, token=given_token(request, settings))


def identify_token(session: Session, settings: Settings, request: HTTPConnection, *, token: str | None) -> Identity:
    """Return whom a token stands for that came with a request or over its WebSocket; raises as `identify` does."""
    if token is None:
        raise Unauthenticated("Send `Authorization: Bearer <access token>`; POST /login gives one.")
    if token.startswith(KEY_PREFIX):
        return _by_key(session, request, token)
    return _by_access_token(session, settings, token)


def given_token(request: HTTPConnection, settings: Settings) -> str | None:
    """Return the token of the header, or that of the cookie if the page may use it; raises OriginNotAllowed."""
    given = request.headers.get("authorization")
    if given is not None:
        scheme, _, token = given.partition(" ")
        return token.strip() or None if scheme.lower() == SCHEME else None
    cookie = cookies.read_access(request, settings)
    if cookie and request.scope.get("method") not in SAFE_METHODS:
        check_origin(request, settings)
    return cookie or None


def _by_access_token(session: Session, settings: Settings, token: str) -> Identity:
    subject = access_tokens.read(settings, token)
    statement = select(UserSession, User).join(User).where(UserSession.id == subject.session_id)
    found = session.exec(statement.where(User.id == subject.user_id)).first()
    if found is None or found[0].revoked_at is not None:
        raise InvalidToken("This session has ended; sign in again.")
    signed_in, user = found
    if not user.is_active:
        raise InvalidToken("This account is switched off.")
    return Identity(user, subject.expires_at, session_id=signed_in.id)


def _by_key(session: Session, request: HTTPConnection, token: str) -> Identity:
    statement = select(ApiKey, User).join(User).where(ApiKey.key_hash == digest(token), col(User.is_active))
    found = session.exec(statement).first()
    if found is None:
        raise InvalidToken("This API key does not exist, or its account is switched off.")
    key, user = found
    if key.expires_at is not None and key.expires_at <= now():
        raise TokenExpired("This API key has expired; make another one.")
    check_scopes(request, key.scopes)
    if key.last_used_at is None or key.last_used_at < now() - NOTED_EVERY:
        _note_use(session, key)
    return Identity(user, key.expires_at, key_id=key.id)


def _note_use(session: Session, key: ApiKey) -> None:
    """Keep the time of the last use, to the minute; requests with the same key never wait for one another."""
    statement = """
        UPDATE api_keys SET last_used_at = now()
        WHERE id = (SELECT id FROM api_keys WHERE id = :id FOR UPDATE SKIP LOCKED)"""
    session.execute(text(statement), {"id": key.id})


def _current(request: HTTPConnection, work: Work, resources: Shared, _: Documented) -> Identity:
    return identify(work, resources.settings, request)


def _detached(request: HTTPConnection, resources: Shared, _: Documented) -> Identity:
    with resources.database.single_statements() as session:
        return identify(session, resources.settings, request)


CurrentIdentity = Annotated[Identity, Depends(_current)]
DetachedIdentity = Annotated[Identity, Depends(_detached)]


async def _current_user(identity: CurrentIdentity) -> User:
    return identity.user


async def _detached_user(identity: DetachedIdentity) -> User:
    return identity.user


CurrentUser = Annotated[User, Depends(_current_user)]
# For routes that wait or stream: their user was read in a transaction of its own, and they hold none.
DetachedUser = Annotated[User, Depends(_detached_user)]


async def _admin(user: CurrentUser) -> User:
    return check_admin(user)


async def _detached_admin(user: DetachedUser) -> User:
    return check_admin(user)


def check_admin(user: User) -> User:
    """Return an administrator; raises AdminsOnly for anybody else."""
    if user.role != Role.ADMIN:
        raise AdminsOnly("Ask an administrator of this installation.")
    return user


Admin = Annotated[User, Depends(_admin)]
DetachedAdmin = Annotated[User, Depends(_detached_admin)]

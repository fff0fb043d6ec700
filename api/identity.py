"""Who is asking: access tokens, and the dependencies that turn one into a user."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID, uuid4

import jwt
from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer
from sqlmodel import Session

from api.resources import Shared, Work
from shared.clock import now
from shared.errors import Unauthenticated
from shared.models import User, UserSession
from shared.settings import Settings

ALGORITHM = "HS256"
ISSUER = "sheaf"
AUDIENCE = "sheaf-api"
REQUIRED_CLAIMS = ["exp", "iat", "sub", "iss", "aud", "jti", "sid"]
LEEWAY_S = 10

bearer = OAuth2PasswordBearer("/token", auto_error=False, description="An access token from `/login` or `/token`.")
BearerToken = Annotated[str | None, Depends(bearer)]


class InvalidToken(Unauthenticated):
    """The access token is not valid."""

    code = "invalid_token"


class TokenExpired(Unauthenticated):
    """The access token has expired."""

    code = "token_expired"


def issue_access_token(settings: Settings, user: User, *, session_id: UUID) -> str:
    issued = now()
    claims = {
        "sub": str(user.id),
        "sid": str(session_id),
        "typ": "access",
        "iss": ISSUER,
        "aud": AUDIENCE,
        "jti": str(uuid4()),
        "iat": issued,
        "exp": issued + timedelta(minutes=settings.access_token_minutes),
    }
    return jwt.encode(claims, settings.secret_key.get_secret_value(), ALGORITHM)


def identify(session: Session, settings: Settings, token: str | None) -> User:
    """Return the active user an access token stands for; raises Unauthenticated with the next step."""
    if token is None:
        raise Unauthenticated("Send `Authorization: Bearer <access token>`; POST /login gives one.")
    user_id, session_id = _subject(settings, token)
    user, signed_in = session.get(User, user_id), session.get(UserSession, session_id)
    if user is None or not user.is_active:
        raise InvalidToken("The account of this token is gone or switched off.")
    if signed_in is None or signed_in.user_id != user.id or signed_in.revoked_at is not None:
        raise InvalidToken("This session has ended; sign in again.")
    return user


def _subject(settings: Settings, token: str) -> tuple[int, UUID]:
    """Return the ids of the user and of the session."""
    try:
        claims = jwt.decode(
            token,
            settings.secret_key.get_secret_value(),
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=LEEWAY_S,
            options={"require": REQUIRED_CLAIMS},
        )
        if claims.get("typ") != "access":
            raise InvalidToken("This is no access token; POST /login gives one.")
        return int(claims["sub"]), UUID(claims["sid"])
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired("The access token has expired; sign in again or refresh it.") from error
    except (jwt.InvalidTokenError, ValueError) as error:
        raise InvalidToken("The access token is not valid here; sign in again.") from error


def _current_user(work: Work, resources: Shared, token: BearerToken) -> User:
    return identify(work, resources.settings, token)


def _detached_user(resources: Shared, token: BearerToken) -> User:
    with resources.database.unit_of_work() as session:
        return identify(session, resources.settings, token)


CurrentUser = Annotated[User, Depends(_current_user)]
# For routes that wait or stream: their user was read in a transaction of its own, and they hold none.
DetachedUser = Annotated[User, Depends(_detached_user)]

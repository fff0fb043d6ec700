"""Access tokens: short-lived JSON Web Tokens (RFC 7519) that name an account and its session."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

import jwt

from shared.clock import now
from shared.errors import Unauthenticated
from shared.models import User
from shared.settings import Settings

ALGORITHM = "HS256"
ISSUER = "sheaf"
AUDIENCE = "sheaf-api"
REQUIRED_CLAIMS = ["exp", "iat", "sub", "iss", "aud", "jti", "sid"]
LEEWAY_S = 10


class InvalidToken(Unauthenticated):
    """The access token is not valid."""

    code = "invalid_token"


class TokenExpired(Unauthenticated):
    """The access token has expired."""

    code = "token_expired"


class Subject(NamedTuple):
    user_id: int
    session_id: UUID
    expires_at: datetime


def issue(settings: Settings, user: User, *, session_id: UUID) -> str:
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


def read(settings: Settings, token: str) -> Subject:
    """Return whom a token names; raises InvalidToken or TokenExpired."""
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
        return Subject(int(claims["sub"]), UUID(claims["sid"]), datetime.fromtimestamp(claims["exp"], UTC))
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired("The access token has expired; sign in again or refresh it.") from error
    except (jwt.InvalidTokenError, ValueError) as error:
        raise InvalidToken("The access token is not valid here; sign in again.") from error

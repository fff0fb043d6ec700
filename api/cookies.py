"""The two cookies of the web page: its access token and its refresh token, out of reach of scripts and other sites."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from shared.settings import Settings

ACCESS = "sheaf_session"
REFRESH = "sheaf_refresh"


def read_access(request: HTTPConnection, settings: Settings) -> str | None:
    return request.cookies.get(_name(ACCESS, settings))


def read_refresh(request: HTTPConnection, settings: Settings) -> str | None:
    return request.cookies.get(_name(REFRESH, settings))


def give(response: Response, settings: Settings, *, access_token: str, refresh_token: str) -> None:
    _set(response, settings, ACCESS, value=access_token, seconds=settings.access_token_minutes * 60)
    _set(response, settings, REFRESH, value=refresh_token, seconds=settings.refresh_token_days * 24 * 3600)


def take_back(response: Response, settings: Settings) -> None:
    for name in (ACCESS, REFRESH):
        _set(response, settings, name, value="", seconds=0)


def _set(response: Response, settings: Settings, name: str, *, value: str, seconds: int) -> None:
    response.set_cookie(
        _name(name, settings),
        value,
        max_age=seconds,
        path="/",
        secure=_is_secure(settings),
        httponly=True,
        samesite="strict",
    )


def _name(name: str, settings: Settings) -> str:
    """With the prefix, browsers take the cookie only from this very host over TLS (RFC 6265bis, section 4.1.3.2)."""
    return f"__Host-{name}" if _is_secure(settings) else name


def _is_secure(settings: Settings) -> bool:
    return (settings.public_url or "").startswith("https://")

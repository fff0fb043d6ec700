"""Which web pages may act with the cookie of a user: our own, those of CORS_ORIGINS, and this machine's."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from shared.errors import Forbidden
from shared.settings import Settings

IMPLIED_PORTS = {"http": ":80", "https": ":443"}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class OriginNotAllowed(Forbidden):
    """Pages of this origin may not act for you."""

    code = "origin_not_allowed"


def check_origin(request: HTTPConnection, settings: Settings) -> None:
    """Let pass what a page of ours sends; browsers name the origin of every request that could change something.

    Raises OriginNotAllowed, also without an `Origin`: a program has no need of cookies.
    """
    given = request.headers.get("origin", "")
    if given not in _allowed(request, settings):
        said = f"`{given}` is not PUBLIC_URL and not in CORS_ORIGINS" if given else "There is no `Origin` header"
        raise OriginNotAllowed(f"{said}; programs send `Authorization: Bearer` instead of a cookie.")


def _allowed(request: HTTPConnection, settings: Settings) -> set[str]:
    allowed = set(settings.cors_origins)
    if settings.public_url:
        allowed.add(_origin(settings.public_url))
    host = request.headers.get("host", "")
    scheme = request.url.scheme.replace("ws", "http", 1)
    # Only names that no other machine can have: a foreign name may be made to point here (DNS rebinding).
    if urlsplit(f"//{host}").hostname in LOOPBACK:
        allowed.add(f"{scheme}://{host}")
    return allowed


def _origin(url: str) -> str:
    """Return scheme, host and port as browsers write them: without the port that the scheme implies (RFC 6454)."""
    parts = urlsplit(url.lower())
    return f"{parts.scheme}://{parts.netloc.removesuffix(IMPLIED_PORTS.get(parts.scheme, ''))}"

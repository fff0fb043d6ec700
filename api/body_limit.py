"""Middleware that keeps bodies small where no file is expected; FastAPI reads them whole before any rule applies.

FastAPI's own limit answers in plain text; this one raises what becomes a problem like every other error.
"""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 256 * 1024
UPLOADS = frozenset({"/documents", "/upload-pdf"})  # They stream and count for themselves.


class BodyLimit:
    """Refuses a body by what it says of its length, or as soon as it has become too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UPLOADS:
            await self._app(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if max(received, _announced_length(scope)) > MAX_BODY_BYTES:
                raise HTTPException(413, f"A request body may have at most {MAX_BODY_BYTES // 1024} KiB here.")
            return message

        await self._app(scope, receive_within_limit, send)


def _announced_length(scope: Scope) -> int:
    given = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(given) if given.isdigit() and len(given) < 16 else 0

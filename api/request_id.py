"""Middleware that gives each request an id, for its answer, its log lines, its errors and its trace."""

import re

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import tracing
from shared.clock import new_id

HEADER = "X-Request-Id"
ACCEPTABLE = re.compile(rb"[A-Za-z0-9._-]{8,64}")


class RequestId:
    """Takes the caller's `X-Request-Id` when it is harmless, else makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
                told["status"] = message["status"]
            await send(message)

        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            tracing.span("request", request_id, method=scope["method"]) as told,
        ):
            await self._app(scope, receive, send_with_id)
            told["name"] = getattr(scope.get("route"), "operation_id", None) or "request"


def _given_id(scope: Scope) -> str | None:
    given = next((value for name, value in scope["headers"] if name == HEADER.lower().encode()), b"")
    return given.decode() if ACCEPTABLE.fullmatch(given) else None

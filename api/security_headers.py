"""Middleware that gives each answer the headers by which browsers keep it from being misused.

A route that needs other rules sets the header itself, and then that one counts.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.settings import Settings

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FOR_DATA = {**ALWAYS, "Content-Security-Policy": NOTHING, "Cache-Control": "no-store"}
A_YEAR_S = 365 * 24 * 3600


class SecurityHeaders:
    """Adds what is missing, also to answers of the framework."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Strict transport (RFC 6797) is only promised where PUBLIC_URL says that there is TLS."""
        self._app = app
        self._always = dict(ALWAYS)
        if (settings.public_url or "").startswith("https://"):
            self._always["Strict-Transport-Security"] = f"max-age={A_YEAR_S}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _complete(self, headers: MutableHeaders) -> None:
        for name, value in self._always.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", NOTHING)
        if "etag" not in headers:  # What has one says itself who may keep it; all else may be private.
            headers.setdefault("Cache-Control", "no-store")

"""Middleware that counts requests by operation, and the registry in which it does.

Where several API processes share a socket, the folder PROMETHEUS_MULTIPROC_DIR holds the numbers of all of them, and
whichever answers adds them up; `./sheaf up` gives them one.
"""

import os
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database import Database

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client itself reads it when it is imported.
UNKNOWN = "none"
FAILED = 500
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
REGISTRY = CollectorRegistry()
REQUESTS = Counter("sheaf_http_requests", "Requests that were answered.", ("operation", "status"), registry=REGISTRY)
SECONDS = Histogram(
    "sheaf_http_request_seconds",
    "From the head of a request to the end of its answer, waiting for a job included.",
    ("operation",),
    buckets=BUCKETS,
    registry=REGISTRY,
)
IN_FLIGHT = Gauge(
    "sheaf_http_requests_in_flight",
    "Requests and WebSockets that are being served.",
    ("type",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
POOL_USED = Gauge(
    "sheaf_api_database_connections_used",
    "Connections to Postgres that requests held when one of them ended.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)


class CountRequests:
    """Counts each request under the operation that answered it; what no route knows is one operation."""

    def __init__(self, app: ASGIApp, database: Database) -> None:
        self._app, self._database = app, database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        with IN_FLIGHT.labels(scope["type"]).track_inprogress():
            if scope["type"] == "http":
                await self._count(scope, receive, send)
            else:
                await self._app(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), FAILED

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            operation = getattr(scope.get("route"), "operation_id", None) or UNKNOWN
            REQUESTS.labels(operation, str(status)).inc()
            SECONDS.labels(operation).observe(time.perf_counter() - started)
            POOL_USED.set(self._database.in_use)


def registry() -> CollectorRegistry:
    """Return what holds the numbers of all API processes that share our socket."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        return REGISTRY
    _forget_dead(Path(folder))
    every = CollectorRegistry()
    MultiProcessCollector(every, folder)  # type: ignore[no-untyped-call]  # Theirs has no types.
    return every


def _forget_dead(folder: Path) -> None:
    """Drop what ended processes had in use; what they counted stays."""
    for file in folder.glob("gauge_live*.db"):
        pid = file.stem.rpartition("_")[2]
        if not Path("/proc", pid).exists():
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]  # As above.

"""What the live connections of one API process share, and what runs beside them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import structlog
from fastapi import Depends
from starlette.requests import HTTPConnection

from api.live.attendance import Attendance
from api.live.hub import Hub
from api.live.ticks import Ticks
from api.resources import Resources

AGAIN_AFTER_S = 1.0
log = structlog.get_logger(__name__)


class Live:
    """The hub with what feeds it and what watches over it."""

    def __init__(self, resources: Resources) -> None:
        """Nothing runs before `running`."""
        self.hub = Hub(resources.database.dsn, resources.changes)
        self.attendance = Attendance(resources.database, self.hub)
        self.ticks = Ticks(resources.database, self.hub, resources.changes)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run what runs beside the connections."""
        works = (self.hub.run, self.attendance.run, self.ticks.run)
        tasks = [asyncio.create_task(_keep_running(work)) for work in works]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _keep_running(work: Callable[[], Awaitable[None]]) -> None:
    """Begin again whatever ends: these are edges, and one fault must not leave every client without news."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 — as said above; most often the database is away.
            log.warning("live work begins again", work=work.__qualname__, error=str(error))
            await asyncio.sleep(AGAIN_AFTER_S)


def get_live(connection: HTTPConnection) -> Live:
    live: Live = connection.app.state.live
    return live


SharedLive = Annotated[Live, Depends(get_live)]

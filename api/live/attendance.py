"""The live connections of this process, as others see them: announced, renewed, and ended with their sign-in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from api.live import presence
from api.live.callers import still_welcome
from api.live.feeds import Feed, Hangup, Item
from api.live.hub import Hub
from api.live.presence import Attendee
from shared.clock import new_id, now
from shared.database import Database

CHECKED_EVERY_S = 3.0
log = structlog.get_logger(__name__)


class Attendance:
    """Which connections are open here."""

    def __init__(self, database: Database, hub: Hub) -> None:
        """Presence is renewed and sign-ins are checked by `run`."""
        self._database, self._hub = database, hub
        self._held: dict[UUID, Attendee] = {}

    @asynccontextmanager
    async def attend(self, feed: Feed) -> AsyncIterator[UUID]:
        """Announce a connection while it is open, and tell it who else is there."""
        user_id, connection_id = feed.caller.user_id, new_id()
        self._held[connection_id] = Attendee(user_id)
        try:
            for item in await run_in_threadpool(self._arrive, user_id, connection_id):
                feed.aside(item)
            yield connection_id
        finally:
            del self._held[connection_id]
            await asyncio.shield(run_in_threadpool(self._leave, user_id, connection_id))

    async def set_active(self, connection_id: UUID, *, is_active: bool) -> None:
        attendee = self._held[connection_id]
        if attendee.is_active != is_active:
            attendee.is_active = is_active
            await run_in_threadpool(self._set_active, attendee, connection_id)

    async def run(self) -> None:
        """Keep the presence of this process alive, and end what is not welcome any more, until canceled."""
        loop = asyncio.get_running_loop()
        next_renewal = loop.time()
        while True:
            await asyncio.sleep(CHECKED_EVERY_S)
            await self._check()
            if loop.time() >= next_renewal:
                await run_in_threadpool(self._renew)
                next_renewal = loop.time() + presence.RENEWED_EVERY_S

    async def _check(self) -> None:
        feeds = [feed for feed in self._hub.feeds if feed.takes_asides]
        if not feeds:
            return
        welcome = await run_in_threadpool(self._still_welcome, feeds)
        for feed in feeds:
            ends = feed.caller.expires_at
            if ends is not None and ends <= now():
                feed.end(Hangup(4401, "the access token has expired: refresh it and come back"))
            elif feed not in welcome:
                feed.end(Hangup(4401, "this session has ended: sign in again"))

    def _still_welcome(self, feeds: list[Feed]) -> set[Feed]:
        with self._database.snapshot() as session:
            welcome = still_welcome(session, [feed.caller for feed in feeds])
        return {feed for feed in feeds if feed.caller in welcome}

    def _arrive(self, user_id: int, connection_id: UUID) -> list[Item]:
        with self._database.unit_of_work() as session:
            return presence.arrive(session, user_id, connection_id=connection_id, process_id=self._hub.process_id)

    def _leave(self, user_id: int, connection_id: UUID) -> None:
        try:
            with self._database.unit_of_work() as session:
                presence.leave(session, user_id, connection_id=connection_id)
        except SQLAlchemyError as error:  # Its row is swept away when nobody renews it.
            log.warning("could not take down that a connection ended", error=str(error))

    def _set_active(self, attendee: Attendee, connection_id: UUID) -> None:
        with self._database.unit_of_work() as session:
            presence.set_active(session, attendee.user_id, connection_id=connection_id, is_active=attendee.is_active)

    def _renew(self) -> None:
        with self._database.unit_of_work() as session:
            presence.renew(session, self._hub.process_id, dict(self._held))
            presence.sweep(session)

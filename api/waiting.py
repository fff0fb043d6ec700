"""Long polls: requests that wait for a document to change, holding neither a thread nor a database connection."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar
from uuid import UUID

import psycopg
import structlog
from fastapi.concurrency import run_in_threadpool

from shared.notices import DOCUMENT_CHANNEL, PROGRESS_CHANNEL

RECHECK_S = 5.0
RECONNECT_S = 1.0
Seen = TypeVar("Seen")
Hearer = Callable[[str | None], None]
log = structlog.get_logger(__name__)


class Changes:
    """Wakes the waiters of a document when a transaction that changed it commits (Postgres NOTIFY)."""

    def __init__(self, dsn: str) -> None:
        """`dsn` is a libpq address; the one connection is made by `listen`."""
        self._dsn = dsn
        self._waiters: dict[str, defaultdict[UUID, set[asyncio.Event]]] = {
            channel: defaultdict(set) for channel in (DOCUMENT_CHANNEL, PROGRESS_CHANNEL)
        }
        self._hearers: defaultdict[str, list[Hearer]] = defaultdict(list)

    def hear(self, channel: str, hearer: Hearer) -> None:
        """Call this with the payload of each notice on a channel, and with None when some may have been missed."""
        self._hearers[channel].append(hearer)

    async def listen(self) -> None:
        """Listen until canceled; after a lost connection everybody looks again."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
                    for channel in self._waiters.keys() | self._hearers.keys():
                        await connection.execute(f"LISTEN {channel}")
                    self._wake_all()
                    async for notice in connection.notifies():
                        self._pass_on(notice)
            except psycopg.OperationalError as error:
                log.warning("lost the connection for notices", error=str(error))
                await asyncio.sleep(RECONNECT_S)

    async def until(
        self,
        look: Callable[[], Seen],
        *,
        key: UUID,
        satisfied: Callable[[Seen], bool],
        progress: bool,
        seconds: float,
    ) -> Seen:
        """Return what `look`, run in a thread, sees once it is `satisfied`, or when `seconds` have passed.

        `key` names the document whose changes are worth another look; those of a job that goes on, which come with each
        of its pages, only if `progress` matters.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        with self._watch(key, progress=progress) as changed:
            while True:
                changed.clear()
                seen = await run_in_threadpool(look)
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0 or satisfied(seen):
                    return seen
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), min(left, RECHECK_S))

    @contextmanager
    def _watch(self, key: UUID, *, progress: bool) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()
        channels = (DOCUMENT_CHANNEL, PROGRESS_CHANNEL) if progress else (DOCUMENT_CHANNEL,)
        for channel in channels:
            self._waiters[channel][key].add(changed)
        try:
            yield changed
        finally:
            for channel in channels:
                self._waiters[channel][key].discard(changed)
                if not self._waiters[channel][key]:
                    del self._waiters[channel][key]

    def _pass_on(self, notice: psycopg.Notify) -> None:
        with suppress(ValueError, KeyError, TypeError):  # Anybody with the database's password may notify.
            for hearer in self._hearers.get(notice.channel, ()):
                hearer(notice.payload)
            if notice.channel in self._waiters:
                self._wake(notice.channel, UUID(notice.payload))

    def _wake(self, channel: str, key: UUID) -> None:
        for changed in self._waiters[channel].get(key, ()):
            changed.set()

    def _wake_all(self) -> None:
        for channel, waiters in self._waiters.items():
            for key in list(waiters):
                self._wake(channel, key)
        for hearers in self._hearers.values():
            for hearer in hearers:
                hearer(None)

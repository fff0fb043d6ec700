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

from shared.notices import DOCUMENT_CHANNEL

RECHECK_S = 5.0
RECONNECT_S = 1.0
Seen = TypeVar("Seen")
log = structlog.get_logger(__name__)


class Changes:
    """Wakes the waiters of a document when a transaction that changed it commits (Postgres NOTIFY)."""

    def __init__(self, dsn: str) -> None:
        """`dsn` is a libpq address; the one connection is made by `listen`."""
        self._dsn = dsn
        self._waiters: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)

    async def listen(self) -> None:
        """Listen until canceled; after a lost connection everybody looks again."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {DOCUMENT_CHANNEL}")
                    self._wake_all()
                    async for notice in connection.notifies():
                        with suppress(ValueError):  # Anybody with the database's password may notify.
                            self._wake(UUID(notice.payload))
            except psycopg.OperationalError as error:
                log.warning("lost the connection for notices", error=str(error))
                await asyncio.sleep(RECONNECT_S)

    async def until(
        self,
        look: Callable[[], Seen],
        *,
        key: Callable[[Seen], UUID],
        satisfied: Callable[[Seen], bool],
        seconds: float,
    ) -> Seen:
        """Return what `look` (run in a thread) sees once it is `satisfied`, or when `seconds` have passed.

        `key` names the document whose changes are worth looking again.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        seen = await run_in_threadpool(look)
        if seconds <= 0 or satisfied(seen):
            return seen
        with self._watch(key(seen)) as changed:
            while True:
                changed.clear()
                seen = await run_in_threadpool(look)
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0 or satisfied(seen):
                    return seen
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), min(left, RECHECK_S))

    @contextmanager
    def _watch(self, key: UUID) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()
        self._waiters[key].add(changed)
        try:
            yield changed
        finally:
            self._waiters[key].discard(changed)
            if not self._waiters[key]:
                del self._waiters[key]

    def _wake(self, key: UUID) -> None:
        for changed in self._waiters.get(key, ()):
            changed.set()

    def _wake_all(self) -> None:
        for key in list(self._waiters):
            self._wake(key)

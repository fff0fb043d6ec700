"""Which idempotency keys have a request under way, in this API process and in every other one.

It answers a second request early; that a key does its work once rests on the table of keys alone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import structlog

from shared.errors import Conflict

ANSWER_TIMEOUT_S = 3
SEED = 0x1DE  # Keeps the hashes apart from those of other advisory locks.
TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, %s))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(%s, %s))"
log = structlog.get_logger(__name__)


class IdempotencyInFlight(Conflict):
    """Another request with this Idempotency-Key is still under way."""

    code = "idempotency_in_flight"
    retryable = True


class InFlight:
    """Locks on keys that end with this process, however it ends.

    They are advisory locks of one Postgres session, which may take the same lock twice: hence the set beside them.
    While the connection is lost, requests of other processes go unnoticed.
    """

    def __init__(self, dsn: str) -> None:
        """`dsn` is a libpq address; the one connection is made when the first key comes."""
        self._dsn = dsn
        self._held: set[str] = set()
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def holding(self, owner_id: int, key: str) -> AsyncIterator[None]:
        """Hold a key of one owner; raises IdempotencyInFlight when another request does."""
        name = f"{owner_id}/{key}"
        if name in self._held:
            raise _in_flight()
        self._held.add(name)
        try:
            if await self._ask(TRY_LOCK, name) is False:
                raise _in_flight()
            try:
                yield
            finally:
                await asyncio.shield(self._ask(UNLOCK, name))
        finally:
            self._held.discard(name)

    async def close(self) -> None:
        """Give up the connection, and with it every lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _ask(self, statement: str, name: str) -> bool | None:
        """Return what Postgres says, after one new connection if need be; None when it says nothing."""
        async with self._turn:
            for _ in range(2):
                try:
                    async with asyncio.timeout(ANSWER_TIMEOUT_S):
                        return await self._execute(statement, name)
                except (psycopg.Error, TimeoutError) as error:
                    log.warning("lost the connection for idempotency keys", error=str(error))
                    await self.close()
                except BaseException:
                    await self.close()  # Whether the lock was taken is not known.
                    raise
            return None

    async def _execute(self, statement: str, name: str) -> bool:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, connect_timeout=ANSWER_TIMEOUT_S
            )
        row = await (await self._connection.execute(statement, (name, SEED))).fetchone()
        return row is not None and bool(row[0])


def _in_flight() -> IdempotencyInFlight:
    return IdempotencyInFlight("Wait for the answer of the first request, or ask again soon.", retry_after=1)

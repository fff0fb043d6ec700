"""The hub of one API process: reads the log for all its live clients at once when Postgres says that there is news."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from uuid import UUID, uuid4

import psycopg

from api.live.callers import Caller
from api.live.feeds import Feed, Item, Row
from api.waiting import Changes
from shared.errors import TooManyRequests, Unavailable
from shared.notices import ASIDE_CHANNEL, NEWS_CHANNEL

AT_ONCE = 100
FEEDS_AT_ONCE = 200
READ_TIMEOUT_S = 10.0
STATEMENT_TIMEOUT_MS = 8000
LOOK_AGAIN_S = 20.0
MAX_PER_USER = 10
MAX_PER_PROCESS = 5000
# One statement, so that the number of the last event and the events are of one moment.
READ = """
    SELECT wanted.user_id, wanted.after, coalesce(c.last, 0), e.number, e.type, e.body
    FROM unnest(%(users)s::integer[], %(afters)s::bigint[]) AS wanted (user_id, after)
    LEFT JOIN event_counters c USING (user_id)
    LEFT JOIN LATERAL (
        SELECT number, type, body::text AS body FROM events
        WHERE events.user_id = wanted.user_id AND number > wanted.after ORDER BY number LIMIT %(limit)s) e ON true
    ORDER BY wanted.user_id, wanted.after, e.number"""
Place = tuple[int, int | None]


class TooManyConnections(TooManyRequests):
    """You have too many live connections; close some of them."""

    code = "too_many_connections"


class Hub:
    """The feeds of the live clients of this process.

    A doorbell that is lost costs LOOK_AGAIN_S seconds and no news: then every feed is compared with the log.
    """

    def __init__(self, dsn: str, changes: Changes) -> None:
        """`dsn` is a libpq address; the one connection is made by `run`."""
        self.process_id: UUID = uuid4()
        self._dsn = dsn
        self._feeds: defaultdict[int, set[Feed]] = defaultdict(set)
        self._hungry: set[Feed] = set()
        self._asked = asyncio.Event()
        changes.hear(NEWS_CHANNEL, self._on_news)
        changes.hear(ASIDE_CHANNEL, self._on_aside)

    def admit(self, caller: Caller) -> None:
        """Allow one more live connection; raises TooManyConnections or Unavailable."""
        lasting = sum(feed.takes_asides for feed in self._feeds.get(caller.user_id, ()))
        if lasting >= MAX_PER_USER:
            raise TooManyConnections(f"You have {MAX_PER_USER} live connections; close one first.", retry_after=5)
        if sum(map(len, self._feeds.values())) >= MAX_PER_PROCESS:
            raise Unavailable("This server has too many live connections; try again soon.")

    @contextmanager
    def follow(self, caller: Caller, *, after: int | None, lasts: bool = True) -> Iterator[Feed]:
        """Give a feed of a caller's news after this number; None begins with the next.

        One that `lasts` counts as a live connection, see `admit`, and hears what is said aside.
        """
        feed = Feed(caller, after, self._ask, takes_asides=lasts)
        self._feeds[caller.user_id].add(feed)
        try:
            yield feed
        finally:
            self._hungry.discard(feed)
            self._feeds[caller.user_id].discard(feed)
            if not self._feeds[caller.user_id]:
                del self._feeds[caller.user_id]

    @property
    def feeds(self) -> list[Feed]:
        return [feed for feeds in self._feeds.values() for feed in feeds]

    @property
    def users(self) -> list[int]:
        return list(self._feeds)

    @property
    def is_followed(self) -> bool:
        return bool(self._feeds)

    def tell(self, user_id: int, item: Item) -> None:
        """Say something aside to all clients of a user."""
        for feed in list(self._feeds.get(user_id, ())):
            feed.aside(item)

    def look_again(self) -> None:
        for feed in self.feeds:
            feed.ring()

    async def run(self) -> None:
        """Serve until canceled or until the connection is lost; at first everybody is compared with the log."""
        async with await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=5, options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
        ) as connection:
            self.look_again()
            await self._serve(connection)

    async def _serve(self, connection: psycopg.AsyncConnection) -> None:
        loop = asyncio.get_running_loop()
        next_look = loop.time() + LOOK_AGAIN_S
        while True:
            try:
                async with asyncio.timeout_at(next_look):
                    await self._asked.wait()
            except TimeoutError:
                next_look = loop.time() + LOOK_AGAIN_S
                self.look_again()
            self._asked.clear()
            while self._hungry:
                await self._feed(connection)

    async def _feed(self, connection: psycopg.AsyncConnection) -> None:
        """Read the log once for all who asked; clients of a user that are equally far share the reading."""
        asking = set(islice(self._hungry, FEEDS_AT_ONCE))
        self._hungry -= asking
        places: defaultdict[Place, list[Feed]] = defaultdict(list)
        for feed in asking:
            feed.is_rung = False
            places[feed.caller.user_id, feed.position].append(feed)
        given = {"users": [user for user, _ in places], "afters": [after for _, after in places], "limit": AT_ONCE}
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                cursor = await connection.execute(READ, given)
                found = await cursor.fetchall()
        except BaseException:
            for feed in asking:  # They are asked for again when there is a connection.
                feed.is_rung = True
            raise
        rows: dict[Place, list[Row]] = {place: [] for place in places}
        lasts: dict[Place, int] = {}
        for user, after, last, number, kind, body in found:
            lasts[user, after] = last
            if number is not None:
                rows[user, after].append(Row(number, kind, body))
        for place, feeds in places.items():
            for feed in feeds:
                if feed.position == place[1]:  # Else it was moved meanwhile and has asked again.
                    feed.answer(rows[place], last=lasts[place], is_all=len(rows[place]) < AT_ONCE)

    def _ask(self, feed: Feed) -> None:
        self._hungry.add(feed)
        self._asked.set()

    def _on_news(self, payload: str | None) -> None:
        if payload is None:
            self.look_again()
            return
        for feed in list(self._feeds.get(int(payload), ())):
            feed.ring()

    def _on_aside(self, payload: str | None) -> None:
        """A notice names its recipients, `to`, and the frame, which goes on as it is."""
        if payload is None:
            return
        notice = json.loads(payload)
        frame = notice["frame"]
        item = Item(frame["type"], None, json.dumps(frame, separators=(",", ":")))
        for user_id in notice["to"]:
            self.tell(user_id, item)

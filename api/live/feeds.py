"""A feed: what one live client has not been sent yet, the numbered news and what is said aside."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from api.live.callers import Caller
from shared.errors import Unavailable

ANSWER_TIMEOUT_S = 5.0
MAX_ASIDES = 256


class Item(NamedTuple):
    """One frame to be sent; `number` is None for what is neither numbered nor kept."""

    type: str
    number: int | None
    text: str


class Row(NamedTuple):
    """An event as the log has it; `body` is the text of a JSON object that is not empty."""

    number: int
    type: str
    body: str


class Hangup(Exception):
    """The connection has to end, with this close code of a WebSocket."""

    def __init__(self, code: int, reason: str) -> None:
        """Reasons stay below 123 bytes (RFC 6455, section 5.5)."""
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(eq=False)
class Feed:
    """The reading position of one client; `position` None means to begin with what comes next.

    `greet` makes what is said before the news once the log was read for the first time, or anew after `seek`; it may
    look at `last`, the number of the user's last event, and at `resumed`: nothing after the position is gone.
    It never holds more than one reading of the log and MAX_ASIDES frames: who does not take them is not read for.
    """

    caller: Caller
    position: int | None
    ask: Callable[["Feed"], None]
    takes_asides: bool = True
    greet: Callable[[], Item] | None = None
    is_hungry: bool = False
    is_rung: bool = True
    is_answered: bool = False
    resumed: bool = True
    last: int = 0
    _news: list[Item] = field(default_factory=list)
    _asides: deque[Item] = field(default_factory=deque)
    _end: Hangup | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, *, seconds: float) -> list[Item]:
        """Return what there is now, or once something comes; empty when nothing came within so many seconds.

        Raises Hangup, or Unavailable when the log could not be read.
        """
        await self.ready()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (self._asides or self._news or self._end):
                    await self._change()
        if self._end is not None:
            raise self._end
        return self._take()

    async def ready(self) -> None:
        """Return once the log was read for the first time; raises Unavailable when it could not be."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                while not self.is_answered:
                    await self._change()
        except TimeoutError as error:
            raise Unavailable("The news cannot be read at the moment; try again soon.") from error

    def seek(self, after: int | None) -> None:
        """Go on after another event than the last one taken; None is the last of all."""
        self.position, self._news = after, []
        self.is_answered, self.resumed, self.is_rung = False, True, True
        self._hunger()

    def ring(self) -> None:
        """There may be news."""
        self.is_rung = True
        if self.is_hungry:
            self.ask(self)

    def answer(self, rows: Sequence[Row], *, last: int, is_all: bool) -> None:
        """Take what the log has after the position; `last` is the number of the user's last event."""
        position = last if self.position is None else self.position
        missing = _missing(position, rows, last)
        if missing is not None:
            self.resumed = False
            self._news.append(Item("gap", missing, f'{{"type":"gap","event":{missing}}}'))
            position = missing
        self._news += [_item(row) for row in rows]
        self.position = rows[-1].number if rows else position
        self.last = last
        if self.greet and not self.is_answered:
            self._asides.append(self.greet())
        self.is_answered = True
        self.is_rung = self.is_rung or not is_all
        self.is_hungry = self.is_hungry and not self._news
        self._changed.set()

    def aside(self, item: Item) -> None:
        """Say something that has no number; a client that leaves too much of it is cut off."""
        if not self.takes_asides:
            return
        if len(self._asides) >= MAX_ASIDES:
            self.end(Hangup(4408, "too slow"))
        self._asides.append(item)
        self._changed.set()

    def end(self, hangup: Hangup) -> None:
        self._asides.clear()
        self._end = self._end or hangup
        self._changed.set()

    def _take(self) -> list[Item]:
        items = [*self._asides, *self._news]
        self._asides.clear()
        self._news = []
        return items

    async def _change(self) -> None:
        self._changed.clear()
        self._hunger()
        await self._changed.wait()

    def _hunger(self) -> None:
        self.is_hungry = True
        if self.is_rung:
            self.ask(self)


def _missing(position: int, rows: Sequence[Row], last: int) -> int | None:
    """Return the number up to which events are gone, or, of a client from the future, where the log stands."""
    if position > last or (not rows and position < last):
        return last
    return rows[0].number - 1 if rows and rows[0].number > position + 1 else None


def _item(row: Row) -> Item:
    return Item(row.type, row.number, f'{{"type":"{row.type}","event":{row.number},{row.body[1:]}')

"""Children that wait with their PDF open, so that the next extraction of the same document need not open it again.

A parked child is confined like a working one and dies like one: with the worker, with the server, when it is hung up
on. It read a foreign file, so nobody waits for what it might say: one that spoke unasked is ended.
"""

import threading
from collections.abc import Hashable
from dataclasses import dataclass

from worker.extraction.children import Child
from worker.extraction.limits import Limits
from worker.extraction.usage import Usage

# The parts of a document that is being read follow within seconds of each other. Opening anew costs less than a
# second, so a document that nobody came back to for longer than this does not deserve the memory.
IDLE_S = 10.0
MAX_PAGES = 500  # pdfminer keeps each object that it has parsed until its document is closed.
MAX_SHARE = 0.5  # Of the memory and the CPU time that one extraction may use; a page needs the rest.


def is_worth_parking(child: Child, used: Usage, limits: Limits) -> bool:
    """Say whether the child has as much left for its next pages as they can expect."""
    has_memory = used.rss_mb <= MAX_SHARE * limits.memory_mb
    has_time = used.cpu_s <= MAX_SHARE * limits.job_timeout_s
    return has_memory and has_time and child.pages_read <= MAX_PAGES


class Parking:
    """At most `places` children, each for at most `idle_s`; every method may be called from any thread."""

    def __init__(self, places: int, *, idle_s: float = IDLE_S) -> None:
        """Start empty."""
        self._places = places
        self._idle_s = idle_s
        self._parked: list[_Parked] = []  # The one that waits longest first.
        self._lock = threading.Lock()

    def place(self, key: Hashable) -> "Place":
        return Place(self, key)

    def park(self, key: Hashable, child: Child) -> None:
        """Keep a child that owes no answer; where there is no room, the one that waited longest is ended."""
        if not child.is_quiet():
            child.end(kill=True)
            return
        child.is_warm = True
        parked = _Parked(key, child, threading.Timer(self._idle_s, lambda: self._expire(parked)))
        parked.timer.daemon = True
        with self._lock:
            self._parked.append(parked)
            parked.timer.start()
            surplus = [self._parked.pop(0) for _ in range(len(self._parked) - self._places)]
        _end(surplus)

    def take(self, key: Hashable) -> Child | None:
        """Return the child that was parked last under exactly this key, if one lives and kept quiet."""
        while (parked := self._pop(key)) is not None:
            parked.timer.cancel()
            if parked.child.is_quiet():
                return parked.child
            _end([parked])
        return None

    def clear(self) -> None:
        """End every parked child."""
        with self._lock:
            parked, self._parked = self._parked, []
        _end(parked)

    def _pop(self, key: Hashable) -> "_Parked | None":
        with self._lock:
            found = next((parked for parked in reversed(self._parked) if parked.key == key), None)
            if found is not None:
                self._parked.remove(found)
            return found

    def _expire(self, parked: "_Parked") -> None:
        with self._lock:
            if parked not in self._parked:
                return  # It was taken or ended in the last moment.
            self._parked.remove(parked)
        _end([parked])


@dataclass(frozen=True)
class Place:
    """Where an extraction finds and leaves children of its document."""

    parking: Parking
    key: Hashable

    def take(self, *, is_repaired: bool) -> Child | None:
        """Return a child that reads from the same copy, repaired or not."""
        child = self.parking.take(self.key)
        if child is not None and child.is_repaired != is_repaired:
            child.end(kill=True)
            return None
        return child

    def park(self, child: Child) -> None:
        self.parking.park(self.key, child)


@dataclass(frozen=True, eq=False)
class _Parked:
    """A child and the timer that ends its wait."""

    key: Hashable
    child: Child
    timer: threading.Timer


def _end(ended: list[_Parked]) -> None:
    for parked in ended:
        parked.timer.cancel()
        parked.child.end(kill=True)

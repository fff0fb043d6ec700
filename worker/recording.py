"""The recording of pages: each at once while they come slowly, and several in one transaction when they come fast."""

import time
from collections.abc import Callable, Sequence

from shared.page_content import FailedPage, ReadPage

PACE_S = 0.2  # A commit costs as much as a light page; five a second are enough to watch a document grow.
Pages = Sequence[ReadPage | FailedPage]


class Recorder:
    """Hands pages on; whatever `record` raises propagates, and the pages it was given count as handed on."""

    def __init__(self, record: Callable[[Pages], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Hold nothing yet; the first page goes on at once."""
        self._record = record
        self._clock = clock
        self._held: list[ReadPage | FailedPage] = []
        self._next_at = clock()

    def add(self, page: ReadPage | FailedPage) -> None:
        self._held.append(page)
        self.tick()

    def tick(self) -> None:
        """Hand on what is held if its time has come; to be called while the next page is awaited."""
        if self._clock() >= self._next_at:
            self.flush()

    def flush(self) -> None:
        """Hand on what is held."""
        held, self._held = self._held, []
        if held:
            self._record(held)
            self._next_at = self._clock() + PACE_S

"""The recording of pages: each at once while they come slowly, and several in one transaction when they come fast.

What opening the PDF found may come with the first of them: a document that is read within the pace is written down
whole, in one transaction.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from shared.claims import Opening
from shared.page_content import FailedPage, ReadPage

PACE_S = 0.2  # A commit costs as much as a light page; five a second are enough to watch a document grow.
Pages = Sequence[ReadPage | FailedPage]
Record = Callable[[Pages, Opening | None], None]


class Recorder:
    """Hands pages on; whatever `record` raises propagates, and the pages it was given count as handed on.

    `plain` counts the pages that pdfplumber itself read, by the reason.
    """

    def __init__(self, record: Record, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Hold nothing yet."""
        self._record = record
        self._clock = clock
        self._opening: Opening | None = None
        self._held: list[ReadPage | FailedPage] = []
        self._next_at = clock() + PACE_S
        self.plain: Counter[str] = Counter()

    def open(self, opening: Opening) -> None:
        self._opening = opening

    def add(self, page: ReadPage | FailedPage) -> None:
        self._held.append(page)
        if isinstance(page, ReadPage) and page.plain_because is not None:
            self.plain[page.plain_because] += 1
        self.tick()

    def tick(self) -> None:
        """Hand on what is held if its time has come; to be called while the next page is awaited."""
        if self._clock() >= self._next_at:
            self.flush()

    def flush(self) -> None:
        """Hand on what is held."""
        held, opening = self.take()
        if held or opening:
            self._record(held, opening)
            self._next_at = self._clock() + PACE_S

    def take(self) -> tuple[Pages, Opening | None]:
        """Return what is held, for the caller to record."""
        held, opening = self._held, self._opening
        self._held, self._opening = [], None
        return held, opening

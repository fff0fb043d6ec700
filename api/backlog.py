"""How many jobs wait in the whole installation, counted often enough and not more often."""

import threading
import time

from sqlalchemy import text
from sqlmodel import Session

FRESH_S = 1.0
CHEAP_TO_COUNT = 1000
# Mails wait for nobody who reads, and some are queued without being asked for.
QUEUED = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'queued' AND kind <> 'email' LIMIT :limit) AS waiting"


class Backlog:
    """Counts the queued jobs at most once a second, and adds what this process admitted since.

    Counting 200,000 takes some 20 ms. Up to a limit of 1,000 it takes less than one, so there each look counts. The
    accepts that run in parallel elsewhere are not seen, so the limit may be passed by as many.
    """

    def __init__(self, limit: int) -> None:
        """`limit` is the number of queued jobs at which the installation is full."""
        self._limit = limit
        self._fresh_s = FRESH_S if limit > CHEAP_TO_COUNT else 0.0
        self._counted = 0
        self._admitted = 0
        self._counted_at = float("-inf")
        self._turn = threading.Lock()

    def is_full(self, session: Session) -> bool:
        session.connection()  # Nobody may wait for one with the turn in hand, while others wait the other way round.
        with self._turn:
            return self._size(session) >= self._limit

    def admit(self, session: Session) -> bool:
        """Count one more job, unless the installation is full."""
        session.connection()
        with self._turn:
            if self._size(session) >= self._limit:
                return False
            self._admitted += 1
            return True

    def _size(self, session: Session) -> int:
        if time.monotonic() - self._counted_at >= self._fresh_s:
            self._counted = int(session.execute(text(QUEUED), {"limit": self._limit}).scalar_one())
            self._counted_at, self._admitted = time.monotonic(), 0
        return self._counted + self._admitted

"""The leading dispatcher's chores: each has its own pace and transaction, and the failure of one stops no other."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)


@dataclass
class Chore:
    """Something to do every `every_s` seconds; it returns how much it did."""

    name: str
    every_s: float
    work: Callable[[], int]
    next_at: float = 0.0


class Upkeep:
    """Does what is due."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        """All chores are due at once."""
        self._chores = chores

    def turn(self) -> None:
        for chore in self._chores:
            if time.monotonic() >= chore.next_at:
                self._do(chore)

    def _do(self, chore: Chore) -> None:
        chore.next_at = time.monotonic() + chore.every_s
        try:
            done = chore.work()
        except Exception:  # an edge: trouble with one chore must stop neither the others nor the dispatching.
            log.exception("a chore failed", chore=chore.name)
        else:
            if done:
                log.info("upkeep", chore=chore.name, count=done)

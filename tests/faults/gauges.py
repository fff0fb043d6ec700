"""Gauges of a long run: memory by kind of process and connections to Postgres, and whether they stay flat."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

import psutil
import psycopg

from tests.faults import processes
from tests.faults.repeating import repeating
from tests.faults.stage import Stage

EVERY_S = 10.0
WARM_UP = 0.15
FLAT = 1.3
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
KINDS = {
    "api": processes.apis,
    "worker": processes.workers,
    "dispatcher": processes.dispatchers,
    "forkserver": processes.forkservers,
}


@dataclass(frozen=True)
class Trend:
    """The medians of a gauge in the first and the last third of the run, after the warm-up."""

    name: str
    first: float
    last: float

    @property
    def is_flat(self) -> bool:
        return self.last <= FLAT * self.first

    def __str__(self) -> str:
        """Tell both."""
        return f"{self.name} {self.first:.0f} → {self.last:.0f}"


class Gauges:
    """Reads every ten seconds: MB per process of a kind, and the number of connections."""

    def __init__(self, stage: Stage) -> None:
        """Read nothing yet."""
        self._stage = stage
        self._read: dict[str, list[float]] = {}

    def reading(self) -> AbstractContextManager[None]:
        return repeating(self._look, every_s=EVERY_S)

    def trends(self) -> list[Trend]:
        return [_trend(name, read) for name, read in self._read.items()]

    def _look(self) -> None:
        for name, find in KINDS.items():
            for megabytes in rss_mb(find(self._stage)):
                self._note(f"{name} MB", megabytes)
        with suppress(psycopg.Error):  # Postgres may be away just now.
            self._note("connections", self._stage.number(CONNECTIONS))

    def _note(self, name: str, value: float) -> None:
        self._read.setdefault(name, []).append(value)


def rss_mb(found: Sequence[psutil.Process]) -> Iterator[float]:
    for process in found:
        with suppress(psutil.NoSuchProcess):
            yield process.memory_info().rss / 2**20


def _trend(name: str, read: Sequence[float]) -> Trend:
    warm = read[int(WARM_UP * len(read)) :]
    third = max(1, len(warm) // 3)
    return Trend(name, statistics.median(warm[:third]), statistics.median(warm[-third:]))

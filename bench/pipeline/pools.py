"""A pool of processes that read files with one of the readers: no service, no store, no limits."""

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.pool import Pool
from multiprocessing.synchronize import Barrier
from pathlib import Path

from bench import readers
from bench.readers import Page, Reader

SPAWN = multiprocessing.get_context("spawn")
loaded: Reader


@contextmanager
def running_pool(reader: str, slots: int) -> Iterator[Pool]:
    """Start the processes, and wait until each has its libraries loaded."""
    ready = SPAWN.Barrier(slots + 1)
    with SPAWN.Pool(slots, _start, (reader, ready)) as pool:
        ready.wait()
        yield pool


def read_all(pool: Pool, paths: Sequence[Path]) -> list[list[Page]]:
    """Return the pages of each file; the processes take file after file."""
    return pool.map(_read, paths, chunksize=1)


def _start(name: str, ready: Barrier) -> None:
    global loaded  # noqa: PLW0603 — a pool's initializer can leave its work nowhere else.
    loaded = readers.load(name)
    loaded.prepare()
    loaded.begin()
    ready.wait()


def _read(path: Path) -> list[Page]:
    return [page for page in loaded.read(path, None) if isinstance(page, Page)]

"""A process that has a reader loaded and forks a child with limits for every file, as the forkserver does."""

import hashlib
import json
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from bench import readers
from bench.readers import Page, Reader

FORK = multiprocessing.get_context("fork")
SPAWN = multiprocessing.get_context("spawn")
EXIT_MEMORY = 90
WALL_FACTOR = 4  # A child that computes has its CPU time for limit; this one is for a child that hangs.


@dataclass(frozen=True)
class Limits:
    """What a child may use: seconds of CPU, and MiB of address space."""

    cpu_s: int = 60
    memory_mb: int = 2048


@dataclass(frozen=True)
class PageCost:
    """The seconds of CPU that a page took; digests of its text, words and tables; why pdfplumber read it; its error."""

    seconds: float
    digests: tuple[str, str, str]
    because: str | None
    error: str | None


@dataclass(frozen=True)
class FileCost:
    """The seconds of CPU that a file took; `refused` says why it did not open, `killed` what ended the child."""

    opening: float = 0.0
    pages: Sequence[PageCost] = field(default_factory=tuple)
    refused: str | None = None
    killed: str | None = None

    @property
    def seconds(self) -> float:
        return self.opening + sum(page.seconds for page in self.pages)

    @property
    def is_read(self) -> bool:
        return self.refused is None and self.killed is None

    @property
    def results(self) -> list[tuple[object, ...]]:
        """What must be the same whoever reads the file."""
        return [(*page.digests, page.error) for page in self.pages]


class Forks:
    """A parent with one reader; `read` forks a child that reads one file."""

    def __init__(self, reader: str, limits: Limits) -> None:
        """Start the parent and wait until its libraries are loaded."""
        self._connection, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_serve, args=(reader, limits, theirs))
        self._process.start()
        theirs.close()
        self._connection.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.join()

    def read(self, path: Path, at_most: int | None = None) -> FileCost:
        self._connection.send((path, at_most))
        cost: FileCost = self._connection.recv()
        return cost


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def digests(page: Page) -> tuple[str, str, str]:
    return digest(page.text), digest(page.words), digest(page.tables)


def _serve(name: str, limits: Limits, connection: Connection) -> None:
    reader = readers.load(name)
    reader.prepare()
    connection.send(None)
    while True:
        try:
            path, at_most = connection.recv()
        except EOFError:
            return
        connection.send(_read_in_child(reader, limits, path, at_most))


def _read_in_child(reader: Reader, limits: Limits, path: Path, at_most: int | None) -> FileCost:
    ours, theirs = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_child, args=(reader, limits, path, at_most, theirs))
    child.start()
    theirs.close()
    try:
        cost: FileCost | None = ours.recv() if ours.poll(WALL_FACTOR * limits.cpu_s) else None
    except EOFError:
        cost = None
    child.kill()
    child.join()
    return cost or FileCost(killed=_ending(child.exitcode, limits))


def _ending(code: int | None, limits: Limits) -> str:
    if code == EXIT_MEMORY:
        return f"more than {limits.memory_mb} MiB"
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"more than {limits.cpu_s} s"
    return f"exit code {code}"


def _child(reader: Reader, limits: Limits, path: Path, at_most: int | None, connection: Connection) -> None:
    memory = limits.memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # pdfminer warns of what it finds.
    reader.begin()
    try:
        connection.send(_measure(reader, path, at_most))
    except MemoryError:
        os._exit(EXIT_MEMORY)


def _measure(reader: Reader, path: Path, at_most: int | None) -> FileCost:
    """Read the file step by step; comparing results is not part of any step.

    The thread's clock is asked: with a limit on CPU time the process's goes forward only with each tick of the kernel.
    """
    began = time.thread_time()
    steps = reader.read(path, at_most)
    try:
        next(steps)
    except Exception as error:  # noqa: BLE001 — an edge: pdfminer raises anything for a damaged PDF.
        return FileCost(opening=time.thread_time() - began, refused=readers.gist(error))
    opening = time.thread_time() - began
    pages: list[PageCost] = []
    while True:
        began = time.thread_time()
        page = next(steps, None)
        took = time.thread_time() - began
        if not isinstance(page, Page):
            return FileCost(opening, pages)
        pages.append(PageCost(took, digests(page), page.because, page.error))

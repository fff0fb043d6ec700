"""Short ways to extract given bytes and to find the processes that do it."""

import os
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil

from shared.page_content import FailedPage, ReadPage
from worker.extraction.limits import Limits
from worker.extraction.sandbox import Extraction, Sandbox

LIMITS = Limits(memory_mb=512, page_timeout_s=20, job_timeout_s=60, max_pages=100)


@dataclass
class Extract:
    """Extractions in one sandbox."""

    sandbox: Sandbox
    folder: Path

    def __call__(
        self,
        pdf: bytes,
        *,
        password: str | None = None,
        limits: Limits = LIMITS,
        on_wait: Callable[[], None] = lambda: None,
        warm_key: Hashable | None = None,
    ) -> Extraction:
        return self.sandbox.extraction(
            self.blob(self.folder, pdf), password=password, limits=limits, on_wait=on_wait, warm_key=warm_key
        )

    def pages(
        self, pdf: bytes, numbers: Sequence[int] | None = None, *, password: str | None = None, limits: Limits = LIMITS
    ) -> list[ReadPage | FailedPage]:
        """Read these pages, or all."""
        with self(pdf, password=password, limits=limits) as extraction:
            count = extraction.open(count_all=numbers is not None)
            return list(extraction.read(numbers or range(1, count + 1)))

    @property
    def children(self) -> list[psutil.Process]:
        """The children that live now; the sandbox must be used by one test at a time."""
        found: list[psutil.Process] = psutil.Process(self.sandbox.server_pid).children()
        return [child for child in found if lives(child)]

    @staticmethod
    def blob(folder: Path, pdf: bytes) -> Callable[[], int]:
        path = folder / uuid4().hex
        path.write_bytes(pdf)
        return lambda: os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def outcome(page: ReadPage | FailedPage) -> str:
    return page.code if isinstance(page, FailedPage) else "read"


def lives(process: psutil.Process) -> bool:
    """A zombie has ended, though nobody may be there to reap an orphan."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # It ended between the two questions.
        return False


def are_gone(processes: list[psutil.Process], *, within_s: float) -> bool:
    """Say whether all of them end in time."""
    give_up_at = time.monotonic() + within_s
    while any(map(lives, processes)):
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True

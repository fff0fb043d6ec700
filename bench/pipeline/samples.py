"""The files that are read: those that plain pdfplumber reads within a budget, with the results it gives."""

import os
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from bench.forks import FileCost, Forks, Limits
from bench.readers import PLAIN

SEED = 1
FULL_ROUND = 4  # So many documents for each slot, or the last one of them decides how long a round takes.


@dataclass(frozen=True)
class Sample:
    """A file, what plain pdfplumber made of it, and which of its copies this one is."""

    path: Path
    cost: FileCost
    copy: int = 0

    @property
    def pages(self) -> int:
        return len(self.cost.pages)


@dataclass(frozen=True)
class Choice:
    """What is read, the costly files first, so that no slot is left with one at the end; why other files are not."""

    samples: Sequence[Sample]
    left_out: Sequence[str]


def choose(folder: Path, *, slots: int, budget_s: float, limit_s: int) -> Choice:
    """Read files in random order until what pdfplumber needs for them, or for those it is killed at, is the budget."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".pdf" and path.is_file())
    random.Random(SEED).shuffle(files)  # noqa: S311 — a sample, not a secret.
    read = list(_read(files, slots=slots, cpu_s=budget_s * slots, limits=Limits(cpu_s=limit_s)))
    samples = [Sample(path, cost) for path, cost in read if _why_not(cost) is None]
    left_out = [f"{path.relative_to(folder)}: {why}" for path, cost in read if (why := _why_not(cost))]
    if unread := len(files) - len(read):
        left_out.append(f"{unread} more: the budget was used up")
    return Choice(sorted(samples, key=lambda sample: -sample.cost.seconds), left_out)


def copies(samples: Sequence[Sample], *, slots: int, budget_s: float) -> list[Sample]:
    """Return the samples so many times that all slots are busy, as far as the budget allows it."""
    once = sum(sample.cost.seconds for sample in samples)
    wanted = -(-FULL_ROUND * slots // len(samples))
    times = max(1, min(wanted, int(budget_s * slots / once)))
    return [Sample(sample.path, sample.cost, copy) for sample in samples for copy in range(times)]


def _read(files: Sequence[Path], *, slots: int, cpu_s: float, limits: Limits) -> Iterator[tuple[Path, FileCost]]:
    idle: SimpleQueue[Forks] = SimpleQueue()
    spent = {"read": 0.0, "killed": 0.0}
    with ExitStack() as stack, ThreadPoolExecutor(slots) as threads:
        for _ in range(slots):
            idle.put(stack.enter_context(Forks(PLAIN, limits)))

        def read(path: Path) -> FileCost | None:
            if max(spent.values()) > cpu_s:
                return None
            forks = idle.get()
            cost = forks.read(path)
            idle.put(forks)
            spent["killed" if cost.killed else "read"] += limits.cpu_s if cost.killed else cost.seconds
            return cost

        for path, cost in zip(files, threads.map(read, files), strict=True):
            if cost is None:
                return
            yield path, cost


def _why_not(cost: FileCost) -> str | None:
    if cost.killed or cost.refused:
        return f"pdfplumber needs {cost.killed}" if cost.killed else f"pdfplumber refuses it ({cost.refused})"
    if not cost.pages:
        return "it has no page"
    broken = next((page.error for page in cost.pages if page.error), None)
    return f"pdfplumber cannot read a page ({broken})" if broken else None


def available_cores() -> int:
    return len(os.sched_getaffinity(0))

"""Chaos: one fault after another on a stage, drawn by a seed, so that a run can be had again."""

import random
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import psutil

from tests.faults import processes
from tests.faults.proxy import Proxy
from tests.faults.stage import BROKER, Stage

FROZEN_S = 12
BAD_LINK_S = 10


class Chaos:
    """Use it from the main thread: it starts stores again. What it did stands in `diary`."""

    def __init__(self, stage: Stage, *, seed: int) -> None:
        """Draw nothing yet."""
        self.struck = 0
        self.diary: Path = stage.folder / "chaos.log"
        self._stage = stage
        self._random = random.Random(seed)  # noqa: S311 — Repeatable, not secret.
        self._faults = self._all()

    def strike(self) -> str:
        """Do one fault to its end and return its name."""
        name = self._random.choice(sorted(self._faults))
        with self.diary.open("a") as diary:
            diary.write(f"{time.strftime('%H:%M:%S')} {name}\n")
        self._faults[name]()
        self.struck += 1
        return name

    def _all(self) -> dict[str, Callable[[], None]]:
        stage = self._stage
        faults: dict[str, Callable[[], None]] = {
            "API process killed": partial(self._kill_one, processes.apis),
            "worker killed": partial(self._kill_one, processes.workers),
            "worker killed with its group": self._kill_worker_group,
            "dispatcher killed": partial(self._kill_one, processes.dispatchers),
            "forkserver killed": partial(self._kill_one, processes.forkservers),
            "parse process killed": partial(self._kill_one, processes.sandboxes),
            "worker frozen": self._freeze_worker,
            "broker restarted": partial(_restart, stage.broker.stop, stage.broker.start),
            "broker killed": partial(_restart, stage.broker.kill, stage.broker.start),
            "Postgres restarted": partial(_restart, stage.postgres.stop, stage.postgres.start),
            "Postgres killed": partial(_restart, stage.postgres.kill, stage.postgres.start),
        }
        for name, link in (("Postgres", stage.postgres_link), ("broker", stage.broker_link)):
            faults[f"links to {name} reset"] = link.sever
            faults[f"links to {name} slow"] = partial(_slow, link)
            faults[f"links to {name} half-open"] = partial(_half_open, link)
        if BROKER != "amqp":
            faults["broker flushed"] = stage.broker.flush
        return faults

    def _one(self, find: Callable[[Stage], Sequence[psutil.Process]]) -> list[psutil.Process]:
        """Draw one of these processes; none while all of them are just being started again."""
        found = find(self._stage)
        return [self._random.choice(found)] if found else []

    def _kill_one(self, find: Callable[[Stage], Sequence[psutil.Process]]) -> None:
        processes.kill(*self._one(find))

    def _kill_worker_group(self) -> None:
        for worker in self._one(processes.workers):
            processes.kill(*processes.group(worker))

    def _freeze_worker(self) -> None:
        for worker in self._one(processes.workers):
            whole = processes.group(worker)
            processes.send(signal.SIGSTOP, whole)
            time.sleep(FROZEN_S)
            processes.send(signal.SIGCONT, whole)


def _restart(end: Callable[[], None], start: Callable[[], None]) -> None:
    end()
    time.sleep(1)
    start()


def _slow(link: Proxy) -> None:
    link.change(latency_s=0.05, reset_rate=0.001)
    time.sleep(BAD_LINK_S)
    link.clear()


def _half_open(link: Proxy) -> None:
    link.silence()
    time.sleep(BAD_LINK_S)
    link.clear()

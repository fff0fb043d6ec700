"""The processes of a stage by what they do, found by command line and by what they told Postgres."""

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil

from tests.faults.stage import Stage
from tests.platforms import eventually


def children(stage: Stage, words: str) -> list[psutil.Process]:
    """Return the supervisor's children whose command line has these words."""
    found = []
    for child in psutil.Process(stage.platform.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if words in " ".join(child.cmdline()):
                found.append(child)
    return found


def worker(stage: Stage, number: int) -> psutil.Process:
    return children(stage, f"-n worker{number}@")[0]


def workers(stage: Stage) -> list[psutil.Process]:
    return children(stage, "-A worker.app")


def apis(stage: Stage) -> list[psutil.Process]:
    return children(stage, "-m api")


def dispatchers(stage: Stage) -> list[psutil.Process]:
    return children(stage, "worker.dispatcher")


def leader(stage: Stage) -> psutil.Process:
    """Return the dispatcher that leads, as it told Postgres last."""
    return psutil.Process(stage.number("SELECT pid FROM workers WHERE id = 'dispatcher'"))


def forkservers(stage: Stage) -> list[psutil.Process]:
    return [child for process in workers(stage) for child in below(process)]


def sandboxes(stage: Stage) -> list[psutil.Process]:
    """Return the processes that parse a PDF, or wait with it open for its next part."""
    return [child for server in forkservers(stage) for child in below(server)]


def parsing(stage: Stage) -> list[psutil.Process]:
    """Return the processes that parse a PDF right now: a parked one sleeps."""
    return [child for child in sandboxes(stage) if has_status(child, psutil.STATUS_RUNNING)]


def has_status(process: psutil.Process, status: str) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() == status)
    return False


def below(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [child for child in process.children() if runs(child)]
    return []


def group(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return []


def kill(*processes: psutil.Process) -> float:
    """Kill -9 and return the moment (epoch)."""
    at = time.time()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return at


def send(number: signal.Signals, processes: Sequence[psutil.Process]) -> float:
    at = time.time()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    return at


def catch(find: Callable[[], Sequence[psutil.Process]], *, within_s: float = 30) -> psutil.Process:
    """Wait for such a process and return the first."""
    found: list[psutil.Process] = []

    def look() -> bool:
        found.extend(find())
        return bool(found)

    eventually(look, within_s=within_s)
    return found[0]


def all_end(processes: Sequence[psutil.Process], *, within_s: float) -> float:
    """Return the seconds until all of them were gone; fails when they were not in time."""
    start = time.monotonic()
    eventually(lambda: not any(map(runs, processes)), within_s=within_s)
    return round(time.monotonic() - start, 2)


def runs(process: psutil.Process) -> bool:
    """Say whether it lives; a zombie only waits for somebody to count it."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False

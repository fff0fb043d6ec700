"""The CPU time of all that was started for a measurement, by what it does."""

import os
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress

import psutil

CLIENT, SUPERVISOR, FLOWER = "client", "supervisor", "Flower"
ROLES: Mapping[str, str] = {
    "multiprocessing": "pool",
    "uvicorn": "service",
    "-m cli up": SUPERVISOR,
    "-m api": "API",
    "worker.app worker": "worker",
    "worker.dispatcher": "dispatcher",
    "worker.app flower": FLOWER,
    "postgres": "Postgres",
    "valkey": "Valkey",
}
BELOW = {"worker": "forkserver", "forkserver": "sandbox children", "sandbox children": "sandbox children"}


def cpu_seconds() -> dict[str, float]:
    """Return what this process and those below it have used until now, those included that have ended."""
    used: defaultdict[str, float] = defaultdict(float)
    _add(psutil.Process(os.getpid()), CLIENT, used)
    return used


def _add(process: psutil.Process, role: str, used: dict[str, float]) -> None:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        used[role] += times.user + times.system
        used[BELOW.get(role, role)] += times.children_user + times.children_system
        for child in process.children():
            _add(child, _role(child, role), used)


def _role(process: psutil.Process, parents: str) -> str:
    """Name the role by the command; a worker's forkserver and its children have none that says it."""
    if parents not in (CLIENT, SUPERVISOR):
        return BELOW.get(parents, parents)
    command = " ".join(process.cmdline())
    return next((role for words, role in ROLES.items() if words in command), parents)

"""Throw-away stores, for measurements and for tests: a folder, in memory where there is enough of it, and a server."""

import io
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.up.log import Log
from cli.up.process import Child, Command

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 — a folder of our own is made in it.
MEMORY_NEEDED = 2 * 2**30
# Statements are measured, not disks: cloning a database takes 0.03 s so, and 0.34 s on a disk.
UNSAFE_BUT_FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
START_TIMEOUT_S = 30


@contextmanager
def throwaway_folder(prefix: str) -> Iterator[Path]:
    roomy = MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free > MEMORY_NEEDED
    with tempfile.TemporaryDirectory(prefix=prefix, dir=MEMORY_FOLDER if roomy else None) as name:
        folder = Path(name)
        folder.chmod(0o755)  # Started by root, Postgres runs as another user who has to walk in.
        yield folder


@contextmanager
def running_store(command: Command, is_ready: Callable[[], bool]) -> Iterator[None]:
    """Run a store from when it is ready on, and kill it."""
    said = io.StringIO()
    child = Child(command, Log(said))
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_ready():
            if child.exit_code() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command.name} did not start: {said.getvalue()}")
            time.sleep(0.05)
        yield
    finally:
        child.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

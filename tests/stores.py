"""The Postgres and the broker of a test run: those that are given, else throw-away ones from the wheels."""

import io
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cli.up.log import Log
from cli.up.postgres import prepare_postgres
from cli.up.process import Child, Command
from cli.up.valkey import prepare_valkey

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 — Cloning a database takes 0.03 s there and 0.34 s on a disk.
MEMORY_NEEDED = 2 * 2**30
UNSAFE_BUT_FAST = (
    "-c",
    "fsync=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "full_page_writes=off",
    "-c",
    "max_connections=300",
)
START_TIMEOUT_S = 30


def start_stores(stack: ExitStack) -> None:
    """Start what TEST_DATABASE_URL and TEST_BROKER_URL do not give, and set both for this process and its workers."""
    folder = stack.enter_context(_folder())
    if "TEST_DATABASE_URL" not in os.environ:
        cluster = prepare_postgres(folder / "postgres", port=_free_port())
        stack.enter_context(_running(cluster.command(extra=UNSAFE_BUT_FAST), cluster.is_ready))
        os.environ["TEST_DATABASE_URL"] = cluster.url
    if "TEST_BROKER_URL" not in os.environ:
        valkey = prepare_valkey(folder / "valkey", port=_free_port(), password=secrets.token_urlsafe(16))
        stack.enter_context(_running(valkey.command(extra=("appendonly no", "databases 256")), valkey.is_ready))
        os.environ["TEST_BROKER_URL"] = valkey.url


@contextmanager
def _folder() -> Iterator[Path]:
    roomy = MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free > MEMORY_NEEDED
    with tempfile.TemporaryDirectory(prefix="sheaf-tests-", dir=MEMORY_FOLDER if roomy else None) as name:
        folder = Path(name)
        folder.chmod(0o755)  # Started by root, Postgres runs as another user who has to walk in.
        yield folder


@contextmanager
def _running(command: Command, is_ready: Callable[[], bool]) -> Iterator[None]:
    said = io.StringIO()
    child = Child(command, Log(said))
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_ready():
            if child.exit_code() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command.name} for the tests did not start: {said.getvalue()}")
            time.sleep(0.05)
        yield
    finally:
        child.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

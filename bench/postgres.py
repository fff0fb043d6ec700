"""A throw-away Postgres with Sheaf's tables, in memory where there is enough of it."""

import io
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.migrate import upgrade
from cli.up.log import Log
from cli.up.postgres import Postgres, prepare_postgres
from cli.up.process import Child
from shared.database import Database

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 — a folder of our own is made in it.
MEMORY_NEEDED = 2 * 2**30
# Statements are compared, not disks: a commit costs next to nothing.
UNSAFE_BUT_FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
START_TIMEOUT_S = 30


@contextmanager
def throwaway_database() -> Iterator[Database]:
    """Start a server, migrate it, and leave nothing of it behind."""
    roomy = MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free > MEMORY_NEEDED
    with tempfile.TemporaryDirectory(prefix="sheaf-bench-", dir=MEMORY_FOLDER if roomy else None) as name:
        Path(name).chmod(0o755)  # Started by root, Postgres runs as another user who has to walk in.
        cluster = prepare_postgres(Path(name) / "postgres", port=_free_port())
        with _running(cluster):
            database = Database(cluster.url.replace("postgresql://", "postgresql+psycopg://"))
            upgrade(database.engine)
            yield database
            database.close()


@contextmanager
def _running(cluster: Postgres) -> Iterator[None]:
    said = io.StringIO()
    child = Child(cluster.command(extra=UNSAFE_BUT_FAST), Log(said))
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not cluster.is_ready():
            if child.exit_code() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Postgres did not start: {said.getvalue()}")
            time.sleep(0.05)
        yield
    finally:
        child.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

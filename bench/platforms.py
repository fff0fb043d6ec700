"""A fresh platform with stores of its own, started for a measurement and thrown away after it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GIVEN_BY_USERS = ("DATABASE_URL", "BROKER_URL", "STORAGE_URL", "PORT", "HOST")
STOP_TIMEOUT_S = 30


@contextmanager
def running_platform(slots: int, **settings: str) -> Iterator[str]:
    """Yield the address at which it answers; `settings` are further environment variables."""
    with tempfile.TemporaryDirectory(prefix="sheaf-bench-") as folder:
        Path(folder).chmod(0o711)  # Started by root, Postgres runs as another user who has to walk in.
        given = {name: value for name, value in os.environ.items() if name not in GIVEN_BY_USERS}
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "up", "--port", "0"],
            cwd=ROOT,
            env={**given, "SHEAF_DATA": f"{folder}/data", "WORKER_CONCURRENCY": str(slots), **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            ready = process.stdout.readline() if process.stdout else ""
            if not ready.startswith("ready "):
                raise SystemExit("the platform did not start; `./sheaf up` says why")
            yield ready.removeprefix("ready ").strip()
        finally:
            process.terminate()
            process.wait(STOP_TIMEOUT_S)
            if process.stdout:
                process.stdout.close()

"""Servers in processes of their own that are measured: an API with the settings of measurements, or a bare one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.throwaway import free_port
from shared.database import Database
from shared.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SECRET_KEY = "a key for measurements that is long enough 0123"
START_TIMEOUT_S = 120


def settings_for(database: Database, folder: Path) -> Settings:
    """Return the settings of an API on this database, which reaches no broker."""
    return Settings(
        _env_file=None,
        database_url=database.url,
        broker_url="redis://127.0.0.1:1/0",
        secret_key=SECRET_KEY,
        sheaf_data=folder,
    )


@contextmanager
def running(
    module: str, *words: str, settings: Settings | None = None, **environment: str
) -> Iterator[tuple[psutil.Process, int]]:
    """Run a server on a free port until it answers, and end it; one with words is given its port as the last."""
    port = free_port()
    given = {} if settings is None else environment_of(settings, port)
    command = [sys.executable, "-m", module, *words, *([str(port)] if words else [])]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given, **environment}, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_listening(port):
            if time.monotonic() > deadline:
                raise SystemExit(f"{module} did not start")
            time.sleep(0.1)
        yield psutil.Process(process.pid), port
    finally:
        process.kill()
        process.wait()


def environment_of(settings: Settings, port: int) -> dict[str, str]:
    return {
        "DATABASE_URL": settings.database_url,
        "BROKER_URL": settings.broker_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "SHEAF_DATA": str(settings.sheaf_data),
        "PORT": str(port),
    }


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

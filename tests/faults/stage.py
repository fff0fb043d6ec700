"""A stage: stores of its own behind bad links, and Sheaf's processes under the product's own supervisor."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from bench.throwaway import MEMORY_FOLDER
from cli.migrate import upgrade
from cli.up.procfile import arguments
from shared.database import Database
from tests.faults.journal import Journal
from tests.faults.proxy import Proxy
from tests.faults.rabbit import RabbitServer
from tests.faults.servers import BrokerServer, PostgresServer
from tests.platforms import ROOT, StartedPlatform, eventually, stand_in

SECRET_KEY = "a key for fault runs that is long enough 0123456789"
API_PROCESSES = 2
SLOTS = 2
PYTHON = os.environ.get("FAULTS_PYTHON", sys.executable)
PYTHONPATH = os.pathsep.join(filter(None, (os.environ.get("FAULTS_PYTHONPATH"), str(ROOT))))
BROKER = os.environ.get("FAULTS_BROKER", "valkey")
QUEUES = "interactive,normal,bulk,render"
READY_WITHIN_S = 60
Lines = Mapping[str, str]


def worker_line(number: int, *, before: str = "") -> str:
    return (
        f"{before}{PYTHON} -m celery -A worker.app worker --pool threads --concurrency $WORKER_CONCURRENCY -Q {QUEUES}"
        f" -n worker{number}@%h --without-gossip --without-mingle --loglevel INFO"
    )


USUAL: Lines = {
    "api": f"{PYTHON} -m api",
    "worker1": worker_line(1),
    "worker2": worker_line(2),
    "dispatcher1": f"{PYTHON} -m worker.dispatcher",
    "dispatcher2": f"{PYTHON} -m worker.dispatcher",
}


class Stage:
    """One installation: two API processes, two workers of two slots, a leading dispatcher and a spare."""

    def __init__(self, folder: Path, *, cluster: Path | None = None) -> None:
        """Start the stores and make the tables; `open` starts the processes.

        `cluster` is where Postgres keeps its data, if not in the folder.
        """
        self.folder = folder
        self.postgres = PostgresServer(cluster or folder / "postgres")
        self.broker = RabbitServer(folder / "broker") if BROKER == "amqp" else BrokerServer(folder / "broker")
        self.started: StartedPlatform | None = None
        self._runs = 0
        self._alone: list[subprocess.Popen[bytes]] = []
        self.postgres.start()
        self.broker.start()
        self.postgres_link = Proxy(self.postgres.port)
        self.broker_link = Proxy(self.broker.port)
        database = Database(self.postgres.url().replace("postgresql://", "postgresql+psycopg://"))
        upgrade(database.engine)
        database.close()

    @property
    def platform(self) -> StartedPlatform:
        assert self.started is not None, "the stage is not open"
        return self.started

    @property
    def address(self) -> str:
        return self.platform.address

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def open(self, lines: Lines = USUAL, *, slots: int = 2 * SLOTS, **environment: str) -> None:
        """Start these lines of a Procfile and wait until everything can work."""
        procfile = self.folder / "Procfile"
        procfile.write_text("".join(f"{name}: {line}\n" for name, line in lines.items()))
        self._runs += 1
        log = self.folder / f"run{self._runs}.log"
        self.started = StartedPlatform(stand_in(procfile), {**self.environment(), **environment}, log)
        self.started.wait_ready()
        eventually(lambda: self.slots() >= slots, within_s=READY_WITHIN_S)

    def start_alone(self, line: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start one more process that nobody restarts; it ends with the stage at the latest."""
        self._runs += 1
        given = {**os.environ, "BCRYPT_ROUNDS": "4", **self.environment(), **environment}
        with (self.folder / f"run{self._runs}.log").open("ab") as log:
            argv = arguments(line, given)
            alone = subprocess.Popen(argv, env=given, cwd=self.folder, stdout=log, stderr=log, start_new_session=True)
        self._alone.append(alone)
        return alone

    def environment(self) -> dict[str, str]:
        return {
            "SHEAF_DATA": str(self.data),
            "DATABASE_URL": self.postgres.url(self.postgres_link.port),
            "BROKER_URL": self.broker.url(self.broker_link.port),
            "SECRET_KEY": SECRET_KEY,
            "RATE_LIMITS": "off",
            "PORT": "0",
            "WORKER_CONCURRENCY": str(SLOTS),
            "WEB_CONCURRENCY": str(API_PROCESSES),
            "PYTHONPATH": PYTHONPATH,
        }

    def close(self) -> int:
        """Stop Sheaf's processes, not the stores; return the supervisor's exit code."""
        if self.started is None:
            return 0
        started, self.started = self.started, None
        try:
            return started.stop()
        finally:
            started.kill_all()

    def end(self) -> None:
        """End everything at once."""
        for alone in self._alone:
            with suppress(ProcessLookupError):
                os.killpg(alone.pid, signal.SIGKILL)
            alone.wait()
        if self.started is not None:
            self.started.kill_all()
        for link in (self.postgres_link, self.broker_link):
            link.close()
        self.postgres.kill()
        self.broker.kill()

    def journal(self, name: str) -> Journal:
        return Journal(self.folder / f"{name}-{time.time_ns()}.jsonl")

    def ask(self, query: str, *given: Any) -> list[tuple[Any, ...]]:
        """Ask Postgres itself, past the proxy."""
        with psycopg.connect(self.postgres.url(), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(query.encode(), given)
            return cursor.fetchall() if cursor.description else []

    def number(self, query: str, *given: Any) -> int:
        return int(self.ask(query, *given)[0][0] or 0)

    def slots(self) -> int:
        """Return the slots of workers that were seen lately."""
        return self.number(
            "SELECT sum(slots) FROM workers WHERE pool = 'readers' AND heartbeat_at > now() - interval '7 s'"
        )

    def is_sound(self) -> bool:
        """Say whether the next test may use this stage: everything runs and nothing is open."""
        with suppress(OSError, psycopg.Error, AssertionError):
            is_idle = not self.number("SELECT count(*) FROM parts WHERE state NOT IN ('succeeded', 'failed', 'dead')")
            return is_idle and self.slots() >= 2 * SLOTS and self.platform.get("/readyz")["status"] == "ok"
        return False

    def becomes_sound(self, *, within_s: float = 20) -> bool:
        deadline = time.monotonic() + within_s
        while not self.is_sound():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True


@contextmanager
def stage(*, on: Callable[[Path], Stage] = Stage) -> Iterator[Stage]:
    """Make a stage in memory where there is room; a stage whose test failed leaves its logs in /tmp/sheaf-faults."""
    with tempfile.TemporaryDirectory(
        prefix="sheaf-faults-", dir=MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None
    ) as n:
        folder = Path(n)
        folder.chmod(0o755)  # Started by root, Postgres runs as another user who has to walk in.
        made = on(folder)
        try:
            yield made
        finally:
            made.end()
            keep_logs(folder)


def keep_logs(folder: Path) -> None:
    """Keep the last logs of every stage, for whoever has to find out why a row is red."""
    kept = Path(tempfile.gettempdir()) / "sheaf-faults" / folder.name
    kept.mkdir(parents=True, exist_ok=True)
    for file in [*folder.glob("*.log"), *folder.glob("*.jsonl")]:
        shutil.copy(file, kept)

"""A worker's presence: a name that no other live worker has, its slots, and a heartbeat in Postgres."""

import os
import socket
import threading
from uuid import UUID, uuid4

import psycopg
import structlog

from shared import lifecycle, workers
from shared.database import Database

HEARTBEAT_S = 5.0
MAX_WORKERS_PER_HOST = 100
log = structlog.get_logger(__name__)


class Presence:
    """Holds the name `host/n` by an advisory lock for as long as this process lives.

    Postgres lets the lock go when the process dies, so whoever gets the name next knows that its former holder is
    dead, and takes back at once what that one had claimed.
    """

    def __init__(self, database: Database, *, slots: int) -> None:
        """Prepare; nothing is announced before `start`."""
        self.boot_id: UUID = uuid4()
        self.worker_id = ""
        self._database = database
        self._slots = slots
        self._stopping = threading.Event()
        self._connection: psycopg.Connection | None = None
        self._thread = threading.Thread(target=self._keep_alive, name="presence", daemon=True)

    def start(self) -> None:
        """Take a name, free what its former holder left behind, and announce the slots."""
        self._arrive()
        self._thread.start()

    def stop(self) -> None:
        """Take the slots out of the dispatcher's count."""
        self._stopping.set()
        with self._database.unit_of_work() as session:
            workers.retire_worker(session, worker_id=self.worker_id, boot_id=self.boot_id)

    def _keep_alive(self) -> None:
        while not self._stopping.wait(HEARTBEAT_S):
            try:
                self._beat()
            except Exception as error:  # noqa: BLE001 — an edge: this thread must outlive every database trouble.
                log.warning("heartbeat failed", error=str(error))
                self._connection = None

    def _beat(self) -> None:
        if self._connection is None:
            self._arrive()
            return
        self._connection.execute("SELECT 1")
        self._announce()

    def _arrive(self) -> None:
        self._connection = psycopg.connect(self._database.dsn, autocommit=True, connect_timeout=5)
        self.worker_id = self._take_name(self._connection)
        with self._database.unit_of_work() as session:
            freed = lifecycle.release_incarnations(session, worker_id=self.worker_id, boot_id=self.boot_id)
        self._announce()
        log.info("worker is present", worker=self.worker_id, slots=self._slots, parts_freed=freed)

    def _take_name(self, connection: psycopg.Connection) -> str:
        host = socket.gethostname()
        for number in range(1, MAX_WORKERS_PER_HOST + 1):
            name = f"{host}/{number}"
            row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
            if row and row[0]:
                return name
        raise RuntimeError(f"More than {MAX_WORKERS_PER_HOST} workers claim to run on {host}.")

    def _announce(self) -> None:
        with self._database.unit_of_work() as session:
            workers.register_worker(
                session,
                worker_id=self.worker_id,
                boot_id=self.boot_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                slots=self._slots,
            )

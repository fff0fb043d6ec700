"""A worker's presence: a name that no other live worker has, its slots, and a heartbeat in Postgres."""

import os
import socket
import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg
import structlog

from shared import recovery, workers
from shared.database import Database
from shared.models import Pool

HEARTBEAT_S = 5.0
MAX_WORKERS_PER_HOST = 100
log = structlog.get_logger(__name__)


class Presence:
    """Announces this worker under a name `host/n`, or `host/mailers/n`, that is its own as long as the process lives.

    A name is free when nobody holds its advisory lock and no live process of this host was seen under it lately: the
    lock alone would not do, because Postgres lets it go with the connection, not with the process. Whoever gets a name
    therefore knows that its former holder is dead, and takes back at once what that one had claimed.
    """

    def __init__(
        self,
        database: Database,
        *,
        slots: int,
        prepare: Callable[[], None] = lambda: None,
        pool: Pool = Pool.READERS,
    ) -> None:
        """Prepare; nothing is announced before `start`. `prepare` has to succeed before any slot is offered."""
        self.boot_id: UUID = uuid4()
        self.worker_id = ""
        self._database = database
        self._slots = slots
        self._pool = pool
        self._prepare = prepare
        self._stopping = threading.Event()
        self._connection: psycopg.Connection | None = None
        self._thread = threading.Thread(target=self._stay, name="presence", daemon=True)

    def start(self) -> None:
        """Arrive as soon as that is possible, and stay."""
        self._thread.start()

    def stop(self) -> None:
        """Take the slots out of the dispatcher's count."""
        self._stopping.set()
        self._thread.join()
        if self._connection is not None:
            self._connection.close()
        if self.worker_id:
            with self._database.unit_of_work() as session:
                workers.retire_worker(session, worker_id=self.worker_id, boot_id=self.boot_id)

    def _stay(self) -> None:
        while True:
            try:
                self.beat()
            except Exception as error:  # noqa: BLE001 — an edge: this thread must outlive every trouble.
                log.warning("worker cannot be announced", error=str(error))
            if self._stopping.wait(HEARTBEAT_S):
                return

    def beat(self) -> None:
        """Arrive if that has not been possible yet, and say that this worker lives."""
        if not self.worker_id:
            self._prepare()
            self._arrive()
        self._keep_lock()
        self._announce()

    def _arrive(self) -> None:
        """Take a name and free what its former holder left behind."""
        self._connection = self._connect()
        name = self._take_name(self._connection)
        freed = recovery.release_incarnations(self._database, worker_id=name, boot_id=self.boot_id)
        self.worker_id = name
        log.info("worker is present", worker=name, slots=self._slots, parts_freed=freed)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._database.dsn, autocommit=True, connect_timeout=5)

    def _keep_lock(self) -> None:
        """Take the lock on our name again after a lost connection; the name stays ours meanwhile."""
        try:
            if self._connection is not None:
                self._connection.execute("SELECT 1")
                return
        except psycopg.OperationalError:
            self._connection = None
        connection = self._connect()
        _try_lock(connection, self.worker_id)
        self._connection = connection

    def _take_name(self, connection: psycopg.Connection) -> str:
        host = socket.gethostname()
        for number in range(1, MAX_WORKERS_PER_HOST + 1):
            name = f"{host}/{number}" if self._pool is Pool.READERS else f"{host}/{self._pool}/{number}"
            if not self._is_alive(name) and _try_lock(connection, name):
                return name
        raise RuntimeError(f"More than {MAX_WORKERS_PER_HOST} workers claim to run on {host}.")

    def _is_alive(self, name: str) -> bool:
        """Say whether another process of this host was seen under this name lately and still runs."""
        with self._database.unit_of_work() as session:
            pid = workers.live_process(session, worker_id=name)
        return pid is not None and pid != os.getpid() and _runs(pid)

    def _announce(self) -> None:
        with self._database.unit_of_work() as session:
            workers.register_worker(
                session,
                worker_id=self.worker_id,
                boot_id=self.boot_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                slots=self._slots,
                pool=self._pool,
            )


def _try_lock(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
    return bool(row and row[0])


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

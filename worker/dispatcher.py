"""The dispatcher: moves queued parts to the broker, a short list ahead of the workers, and takes back what was lost.

One process leads, by an advisory lock in Postgres; spares wait for it. It commits first and publishes after, so a
crash between the two costs a lease, never a part.
"""

import os
import signal
import socket
import threading
import time
from typing import Any
from uuid import uuid4

import psycopg
import structlog
from celery import Celery
from kombu.exceptions import OperationalError as BrokerDown
from sqlalchemy.exc import OperationalError as DatabaseDown
from sqlmodel import Session

from shared import dispatching, workers
from shared.broker import celery_settings, task_of
from shared.claims import Doorbell
from shared.database import Database
from shared.fairness import Turns
from shared.logs import configure_logging
from shared.notices import DISPATCH_CHANNEL
from shared.settings import get_settings
from shared.storage import BlobStore
from worker.upkeep import Housekeeping, Upkeep, quick_chores, slow_chores

TURN_S = 1.0
BROKER_PAUSE_S = 1.0
log = structlog.get_logger(__name__)


class Dispatcher:
    """Dispatches while it leads; `stop` ends `run` within a turn."""

    def __init__(self, database: Database, publisher: Celery) -> None:
        """Keep the two ends: Postgres, which knows, and the broker, which rings."""
        self._database = database
        self._publisher = publisher
        self._stopping = threading.Event()
        self._upkeep = Upkeep(quick_chores(database))
        self._is_leading = False
        self._boot_id = uuid4()
        self._announce_at = 0.0
        self._turns = Turns()

    @property
    def is_leading(self) -> bool:
        return self._is_leading

    def stop(self, *_: Any) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Lead whenever the lock is free, until stopped; trouble with Postgres means to stand again."""
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._database.dsn, autocommit=True, connect_timeout=5) as connection:
                    self._stand(connection)
            except (psycopg.OperationalError, DatabaseDown) as error:
                log.warning("postgres is not available", error=str(error))
            self._stopping.wait(TURN_S)

    def turn(self) -> int:
        """Do one round and return how many parts were dispatched."""
        self._upkeep.turn()
        with self._database.unit_of_work() as session:
            if time.monotonic() >= self._announce_at:
                self._announce(session)
            doorbells = dispatching.dispatch(session, self._turns)
        self._publish(doorbells)
        return len(doorbells)

    def _stand(self, connection: psycopg.Connection) -> None:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (workers.DISPATCHER_LOCK,)).fetchone()
        if not (row and row[0]):
            self._depose()
        else:
            log.info("leading")
            connection.execute(f"LISTEN {DISPATCH_CHANNEL}")
            self._is_leading = True
            try:
                self._lead(connection)
            finally:
                self._is_leading = False

    def _depose(self) -> None:
        with self._database.unit_of_work() as session:
            if workers.depose_silent_dispatcher(session):
                log.warning("the leader was silent and has been deposed")

    def _announce(self, session: Session) -> None:
        """Prove that turns are done, but not in each of them: it writes a row."""
        self._announce_at = time.monotonic() + TURN_S
        workers.register_worker(
            session,
            worker_id=workers.DISPATCHER,
            boot_id=self._boot_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            slots=0,
        )

    def _lead(self, connection: psycopg.Connection) -> None:
        while not self._stopping.is_set():
            try:
                self.turn()
            except Exception:  # an edge: one bad turn must not end the dispatching of everybody.
                log.exception("turn failed")
                self._stopping.wait(TURN_S)
            _wait(connection)

    def _publish(self, doorbells: list[Doorbell]) -> None:
        """Ring for each part; when the broker does not take one, the rest goes back to the queue."""
        for position, bell in enumerate(doorbells):
            try:
                self._ring(bell)
            except (BrokerDown, OSError) as error:
                log.warning("broker is not available", error=str(error), waiting=len(doorbells) - position)
                with self._database.unit_of_work() as session:
                    dispatching.withdraw(session, doorbells[position:])
                self._stopping.wait(BROKER_PAUSE_S)
                return

    def _ring(self, bell: Doorbell) -> None:
        """Send one message; in Flower it says where the ledger tells more."""
        self._publisher.send_task(
            task_of(bell.kind),
            args=(str(bell.part_id), bell.dispatch_seq),
            queue=bell.queue,
            argsrepr=f"/admin/jobs/{bell.job_id} part {bell.part_id} dispatch {bell.dispatch_seq}",
        )


def _wait(connection: psycopg.Connection) -> None:
    """Wait for a notice, not longer than a turn may be late; one turn answers all that came until now."""
    for _ in connection.notifies(timeout=TURN_S, stop_after=1):
        pass
    for _ in connection.notifies(timeout=0):
        pass


def main() -> None:
    settings = get_settings()
    configure_logging(as_json=settings.logs_json)
    publisher = Celery("sheaf-dispatcher")
    publisher.conf.update(celery_settings(settings))
    database = Database(settings.database_url, pool_size=3)
    dispatcher = Dispatcher(database, publisher)
    chores = Upkeep(slow_chores(database, BlobStore(settings.storage), settings))
    Housekeeping(chores, is_due=lambda: dispatcher.is_leading).start()
    signal.signal(signal.SIGTERM, dispatcher.stop)
    signal.signal(signal.SIGINT, dispatcher.stop)
    dispatcher.run()


if __name__ == "__main__":
    main()

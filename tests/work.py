"""Short ways to common beginnings: a signed-in client, an upload, and the run of what is queued."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import select

from shared import dispatching, recovery, workers
from shared.broker import Lane
from shared.claims import Doorbell
from shared.database import Database
from shared.fairness import Turns
from shared.models import Part, Pool
from shared.settings import Settings
from worker.emails.composing import Composer
from worker.emails.mailer import Mailer
from worker.emails.transport import transport_of
from worker.presence import Presence
from worker.runner import Runner

PASSWORD = "correct horse battery"


@dataclass
class Bench:
    """A worker's inside without its broker."""

    database: Database
    runner: Runner
    presence: Presence
    mailer: Mailer

    def announce(self, *, slots: int = 2) -> None:
        """Let the dispatcher's count see this worker."""
        with self.database.unit_of_work() as session:
            workers.register_worker(
                session,
                worker_id=self.presence.worker_id,
                boot_id=self.presence.boot_id,
                host="bench",
                pid=1,
                slots=slots,
            )
            workers.register_worker(
                session,
                worker_id=f"{self.presence.worker_id}/mailer",
                boot_id=self.presence.boot_id,
                host="bench",
                pid=1,
                slots=slots,
                pool=Pool.MAILERS,
            )

    def dispatch(self) -> list[Doorbell]:
        """Dispatch whatever is queued, or has waited its time, as if there were slots enough."""
        self.announce(slots=100)
        with self.database.unit_of_work() as session:
            dispatching.requeue_due(session)
            return dispatching.dispatch(session, Turns())

    def expire(self) -> None:
        """End what waits past its deadline, as the dispatcher does."""
        recovery.expire_due(self.database)

    def run_all(self) -> None:
        """Run what is queued until nothing is."""
        while bells := self.dispatch():
            for bell in bells:
                worker = self.mailer if bell.queue == Lane.EMAIL.queue else self.runner
                worker.look_at(bell.part_id, bell.dispatch_seq)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Run within the block, in a thread of its own, whatever is queued."""
        done = threading.Event()

        def work() -> None:
            while not done.wait(0.02):
                self.run_all()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def run_next_upload(self) -> threading.Thread:
        """Run, in a thread of its own, what is going to be queued within the next seconds."""
        working = threading.Thread(target=self._run_once_queued)
        working.start()
        return working

    def _run_once_queued(self) -> None:
        for _ in range(80):
            with self.database.unit_of_work() as session:
                is_queued = session.exec(select(Part.id)).first() is not None
            if is_queued:
                break
            time.sleep(0.1)
        self.run_all()


def mailer_of(database: Database, presence: Presence, settings: Settings) -> Mailer:
    """Make the inside of a mailer that sends as these settings say."""
    return Mailer(
        database,
        presence,
        composer=Composer(settings),
        transport=transport_of(settings),
        key=settings.secret_key,
        backoff_s=settings.mail_backoff_s,
    )


def sign_in(client: TestClient, email: str = "ada@example.org") -> TestClient:
    """Register an account, of which no mail waits, and let the client speak for it."""
    register(client, email)
    with client.app.state.resources.database.unit_of_work() as session:  # type: ignore[attr-defined]  # It is ours.
        session.execute(text("DELETE FROM jobs WHERE kind = 'email' AND settings = 'verify_address'"))
    return client


def sign_in_admin(client: TestClient) -> TestClient:
    """Register an administrator and let the client speak for it."""
    sign_in(client, "root@example.org")
    with client.app.state.resources.database.unit_of_work() as session:  # type: ignore[attr-defined]  # As above.
        session.execute(text("UPDATE users SET role = 'admin' WHERE email = 'root@example.org'"))
    return client


def register(client: TestClient, email: str = "ada@example.org") -> TestClient:
    """Register an account and let the client speak for it."""
    body = {"email": email, "password": PASSWORD, "name": email.partition("@")[0]}
    answer = client.post("/register", json=body)
    assert answer.status_code == 201, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


def upload(client: TestClient, content: bytes, name: str = "report.pdf", **fields: str) -> httpx2.Response:
    return client.post("/documents", files={"file": (name, content, "application/pdf")}, data=fields)


def uploaded(client: TestClient, content: bytes, **fields: str) -> dict[str, Any]:
    answer = upload(client, content, **fields)
    assert answer.status_code == 202, answer.text
    document: dict[str, Any] = answer.json()
    return document

"""The dispatcher with a real broker: it commits first, publishes after, and takes back what nobody took."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
import redis
from celery import Celery
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from shared import workers
from shared.broker import celery_settings
from shared.database import Database
from shared.models import Part
from shared.settings import Settings
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded
from worker.dispatcher import Dispatcher


@pytest.fixture
def publisher(settings: Settings) -> Iterator[Celery]:
    app = Celery("test", set_as_current=False)
    app.conf.update(celery_settings(settings))
    yield app
    app.close()


def states(database: Database) -> list[str]:
    with database.unit_of_work() as session:
        return list(session.exec(select(Part.state)))


def test_no_worker_means_no_message(client: TestClient, database: Database, publisher: Celery, broker_url: str) -> None:
    uploaded(sign_in(client), text_pdf())
    assert Dispatcher(database, publisher).turn() == 0
    assert messages(broker_url) == 0


def test_a_queued_part_is_published_to_its_lane(
    client: TestClient, bench: Bench, publisher: Celery, broker_url: str
) -> None:
    uploaded(sign_in(client), text_pdf())
    bench.announce()
    assert Dispatcher(bench.database, publisher).turn() == 1
    assert messages(broker_url) == 1
    assert states(bench.database) == ["dispatched"]


def test_the_list_stays_short(client: TestClient, bench: Bench, publisher: Celery, broker_url: str) -> None:
    sign_in(client)
    for n in range(1, 8):
        uploaded(client, text_pdf(n))
    bench.announce(slots=2)
    dispatcher = Dispatcher(bench.database, publisher)
    assert [dispatcher.turn(), dispatcher.turn()] == [4, 0]
    assert messages(broker_url) == 4


def test_a_broker_that_is_gone_puts_the_part_back(client: TestClient, bench: Bench, settings: Settings) -> None:
    uploaded(sign_in(client), text_pdf())
    bench.announce()
    gone = settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"})
    app = Celery("gone", set_as_current=False)
    app.conf.update(celery_settings(gone))
    Dispatcher(bench.database, app).turn()
    assert states(bench.database) == ["queued"]


def test_a_lost_message_is_sent_again(client: TestClient, bench: Bench, publisher: Celery, broker_url: str) -> None:
    uploaded(sign_in(client), text_pdf())
    bench.announce()
    Dispatcher(bench.database, publisher).turn()
    with redis.Redis.from_url(broker_url) as connection:
        connection.flushdb()
    with bench.database.unit_of_work() as session:
        session.execute(text("UPDATE parts SET lease_until = now() - interval '1 s'"))
    assert Dispatcher(bench.database, publisher).turn() == 1
    assert messages(broker_url) == 1


def test_one_dispatcher_leads_and_a_spare_takes_over(client: TestClient, bench: Bench, publisher: Celery) -> None:
    first, spare = Dispatcher(bench.database, publisher), Dispatcher(bench.database, publisher)
    threads = [threading.Thread(target=one.run) for one in (first, spare)]
    try:
        threads[0].start()
        wait_for_dispatcher(client)
        threads[1].start()
        first.stop()
        threads[0].join()
        wait_for_dispatcher(client)
        uploaded(sign_in(client), text_pdf())
        bench.announce()
        wait_until(lambda: states(bench.database) == ["dispatched"])
    finally:
        first.stop()
        spare.stop()
        threads[1].join()


def test_a_leader_that_hangs_is_deposed(client: TestClient, bench: Bench, publisher: Celery) -> None:
    with bench.database.unit_of_work() as session:
        workers.register_worker(session, worker_id=workers.DISPATCHER, boot_id=uuid4(), host="h", pid=1, slots=0)
        session.execute(text("UPDATE workers SET heartbeat_at = now() - interval '20 s'"))
    hung = psycopg.connect(bench.database.dsn, autocommit=True)
    hung.execute("SELECT pg_advisory_lock(%s)", (workers.DISPATCHER_LOCK,))
    assert client.get("/readyz").json()["checks"]["dispatcher"] == "none"
    spare = Dispatcher(bench.database, publisher)
    thread = threading.Thread(target=spare.run)
    thread.start()
    try:
        wait_for_dispatcher(client)
        with pytest.raises(psycopg.OperationalError):
            hung.execute("SELECT 1")
    finally:
        spare.stop()
        thread.join()
        hung.close()


class Lossy(Database):
    """Loses its connection in the first transactions."""

    lost = 0

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        if self.lost < 2:
            self.lost += 1
            raise OperationalError("lost", None, Exception())
        with super().unit_of_work() as session:
            yield session


def test_a_spare_outlives_a_lost_connection(client: TestClient, database: Database, publisher: Celery) -> None:
    leader = psycopg.connect(database.dsn, autocommit=True)
    leader.execute("SELECT pg_advisory_lock(%s)", (workers.DISPATCHER_LOCK,))
    lossy = Lossy(database.url)
    spare = Dispatcher(lossy, publisher)
    thread = threading.Thread(target=spare.run)
    thread.start()
    try:
        wait_until(lambda: lossy.lost == 2)
        leader.close()
        wait_for_dispatcher(client)
    finally:
        spare.stop()
        thread.join()
        lossy.close()


def wait_for_dispatcher(client: TestClient) -> None:
    wait_until(lambda: client.get("/readyz").json()["checks"]["dispatcher"] == "ok")


def wait_until(true: Callable[[], bool], *, seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def messages(broker_url: str) -> int:
    with redis.Redis.from_url(broker_url) as connection:
        return sum(int(connection.llen(queue)) for queue in ("interactive", "normal", "bulk"))

"""The name and the slots of a worker: its own for its life, and free for the next one after its death."""

import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from shared import workers
from shared.database import Database
from shared.models import Worker
from tests.platforms import eventually
from worker.presence import Presence


@pytest.fixture
def presences(database: Database) -> Iterator[list[Presence]]:
    made = [Presence(database, slots=2) for _ in range(2)]
    yield made
    for presence in made:
        if presence.worker_id:
            presence.stop()


def arrive(presence: Presence) -> str:
    presence.start()
    eventually(lambda: bool(presence.worker_id))
    return presence.worker_id


def names(database: Database) -> list[str]:
    with database.unit_of_work() as session:
        return list(session.exec(select(Worker.id).order_by(col(Worker.id))))


def test_two_workers_of_a_host_have_two_names(database: Database, presences: list[Presence]) -> None:
    found = [arrive(presence) for presence in presences]
    assert len(set(found)) == 2
    eventually(lambda: names(database) == sorted(found))


def test_a_worker_that_leaves_takes_its_slots_along(database: Database) -> None:
    presence = Presence(database, slots=2)
    arrive(presence)
    eventually(lambda: len(names(database)) == 1)
    presence.stop()
    assert names(database) == []


def test_a_name_is_kept_over_a_lost_connection(database: Database, presences: list[Presence]) -> None:
    name = arrive(presences[0])
    eventually(lambda: names(database) == [name])
    with database.unit_of_work() as session:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%'"
        session.execute(text(others + " AND pid <> pg_backend_pid()"))
    presences[0].beat()
    assert presences[0].worker_id == name


@pytest.mark.parametrize("lives", [True, False])
def test_a_name_is_free_once_its_process_is_dead(database: Database, presences: list[Presence], *, lives: bool) -> None:
    name = arrive(presences[0])
    presences[0].stop()
    presences[0].worker_id = ""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        if not lives:
            other.kill()
            other.wait()
        with database.unit_of_work() as session:
            workers.register_worker(session, worker_id=name, boot_id=uuid4(), host="h", pid=other.pid, slots=1)
        assert (arrive(presences[1]) == name) is not lives
    finally:
        other.kill()
        other.communicate()


def test_a_worker_that_cannot_arrive_at_once_arrives_later(database: Database) -> None:
    tries = 0

    def prepare() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError("not yet")

    presence = Presence(database, slots=1, prepare=prepare)
    presence.start()
    eventually(lambda: bool(presence.worker_id), within_s=8)
    presence.stop()
    assert tries == 2

"""The unit of work: all of it or nothing, and nothing of it in logs."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import workers
from shared.database import Database

CANARY = "canary-in-a-parameter"


def make_table_and_fail(database: Database) -> None:
    with database.unit_of_work() as session:
        session.execute(text("CREATE TABLE t (x int)"))
        raise ZeroDivisionError


def test_an_exception_rolls_everything_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        make_table_and_fail(database)
    with database.unit_of_work() as session:
        assert session.execute(text("SELECT to_regclass('t')")).scalar_one() is None


def test_a_snapshot_sees_one_moment_and_writes_nothing(database: Database) -> None:
    count = text("SELECT count(*) FROM workers")
    with database.snapshot() as view:
        before = view.execute(count).scalar_one()
        with database.unit_of_work() as session:
            workers.register_worker(session, worker_id="w", boot_id=uuid4(), host="h", pid=1, slots=1)
        assert view.execute(count).scalar_one() == before
        with pytest.raises(DBAPIError):
            view.execute(text("DELETE FROM workers"))


def test_an_error_does_not_tell_parameters(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed, database.unit_of_work() as session:
        session.execute(text("SELECT :x || nothing"), {"x": CANARY})
    assert CANARY not in str(failed.value)

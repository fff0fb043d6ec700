"""The unit of work: all of it or nothing, and nothing of it in logs."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

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


def test_an_error_does_not_tell_parameters(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed, database.unit_of_work() as session:
        session.execute(text("SELECT :x || nothing"), {"x": CANARY})
    assert CANARY not in str(failed.value)

"""Postgres itself refuses every move between states that does not exist, whoever asks."""

from collections.abc import Mapping
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from shared import lifecycle
from shared.broker import Lane
from shared.clock import new_id
from shared.database import Database
from shared.models import Document, Job, Part, User
from shared.models.states import JOB_MOVES, PART_MOVES

GUARDED = (("jobs", JOB_MOVES), ("parts", PART_MOVES))


@pytest.fixture
def queued(database: Database) -> Database:
    """Make one queued job, and with it one queued part."""
    with database.unit_of_work() as session:
        user = User(email="ada@example.org", name="Ada", password_hash="")
        session.add(user)
        session.flush()  # The document needs its owner's id.
        document = Document(owner_id=user.id or 0, filename="a.pdf", size=1, sha256="", blob_key=str(new_id()))
        session.add(document)
        session.flush()  # The job's foreign key needs the document's row.
        job = Job(owner_id=document.owner_id, document_id=document.id, settings="default")
        lifecycle.accept(session, job, lane=Lane.NORMAL)
    return database


@pytest.mark.parametrize(("table", "moves"), GUARDED)
def test_exactly_the_moves_of_the_table_are_allowed(
    queued: Database, table: str, moves: Mapping[Any, frozenset[Any]]
) -> None:
    wanted = {(before, after) for before, allowed in moves.items() for after in allowed}
    pairs = [(before, after) for before, after in product(moves, moves) if before != after]
    assert {pair for pair in pairs if _moves(queued, table, *pair)} == wanted


@pytest.mark.parametrize(
    "row", [Job(owner_id=1, settings="default", state="running"), Part(job_id=UUID(int=0), owner_id=1, state="dead")]
)
def test_nothing_is_born_in_another_state_than_queued(queued: Database, row: Job | Part) -> None:
    with pytest.raises(IntegrityError, match="begins as queued"):
        _insert(queued, row)


def _insert(database: Database, row: Job | Part) -> None:
    with database.unit_of_work() as session:
        if isinstance(row, Part):
            row.job_id = session.exec(select(Job.id)).one()
        session.add(row)


def _moves(database: Database, table: str, before: str, after: str) -> bool:
    """Put the row into a state behind the guard's back, and say whether it may move on from there."""
    try:
        with database.unit_of_work() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text(f"UPDATE {table} SET state = :state"), {"state": before})  # noqa: S608 — our own names.
            session.execute(text("SET LOCAL session_replication_role = origin"))
            session.execute(text(f"UPDATE {table} SET state = :state"), {"state": after})  # noqa: S608
    except IntegrityError:
        return False
    return True

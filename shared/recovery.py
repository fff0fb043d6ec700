"""Taking back what expired or was lost: messages that nobody claimed, and parts whose worker fell silent."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from shared import attempts, dispatching
from shared.attempts import error
from shared.claims import DEADLINE_PASSED, WORKER_LOST
from shared.database import Database
from shared.locks import find_and_lock_job_of
from shared.models import Job, Pool
from shared.notices import ring
from shared.settling import settle

AT_ONCE = 100  # How many lost or late parts are looked after in one go.


def expire_due(database: Database) -> int:
    """End waiting parts whose deadline has passed and return how many; a running one is told by its next beat."""
    return _each(database, "p.deadline_at <= now() AND p.state IN ('queued', 'retry_wait')", {}, _expire)


def reap(database: Database) -> int:
    """Take back what expired: messages never claimed, parts whose worker fell silent. Return how many."""
    with database.unit_of_work() as session:
        unclaimed = sum(dispatching.take_back_unclaimed(session, pool) for pool in Pool)
    return unclaimed + _each(database, "p.lease_until < now() AND p.state = 'running'", {}, _take_back)


def release_incarnations(database: Database, *, worker_id: str, boot_id: UUID) -> int:
    """Take back at once what earlier incarnations of a booting worker held; the caller knows that they are dead."""
    condition = "p.worker_id = :worker AND p.boot_id <> :boot AND p.state = 'running'"
    return _each(database, condition, {"worker": worker_id, "boot": boot_id}, _take_back)


def _each(database: Database, condition: str, given: dict[str, Any], work: Callable[[Session, Job, UUID], None]) -> int:
    """Do something with each part of which this holds, its job locked, and return how many there were.

    Every part gets a transaction of its own: one that held several jobs could deadlock with their workers.
    """
    statement = f"SELECT p.id FROM parts p WHERE {condition} ORDER BY p.id LIMIT :limit"  # noqa: S608 — our own text.
    with database.unit_of_work() as session:
        found = session.execute(text(statement), {**given, "limit": AT_ONCE}).scalars().all()
    return sum(_if_still(database, part_id, condition, given, work) for part_id in found)


def _if_still(
    database: Database,
    part_id: UUID,
    condition: str,
    given: dict[str, Any],
    work: Callable[[Session, Job, UUID], None],
) -> bool:
    statement = f"SELECT 1 FROM parts p WHERE p.id = :id AND {condition} FOR NO KEY UPDATE"  # noqa: S608 — as above.
    with database.unit_of_work() as session:
        job = find_and_lock_job_of(session, part_id)
        if job is None or session.execute(text(statement), {**given, "id": part_id}).first() is None:
            return False
        work(session, job, part_id)
        ring(session)
        return True


def _expire(session: Session, job: Job, part_id: UUID) -> None:
    statement = "UPDATE parts SET state = 'expired', error_code = :code, error_message = :message WHERE id = :id"
    session.execute(text(statement), {"id": part_id, **error(DEADLINE_PASSED)})
    settle(session, job)


def _take_back(session: Session, job: Job, part_id: UUID) -> None:
    """End a lost attempt: its part waits again, or is dead when its attempts without progress are used up."""
    statement = """
        UPDATE parts p SET strikes = strikes + (a.pages_done = 0)::int, lease_until = NULL,
               state = CASE WHEN cancel_requested_at IS NOT NULL THEN 'canceled'
                            WHEN strikes + (a.pages_done = 0)::int >= max_attempts THEN 'dead' ELSE 'queued' END,
               error_code = CASE WHEN cancel_requested_at IS NULL THEN :code END,
               error_message = CASE WHEN cancel_requested_at IS NULL THEN :message END
        FROM attempts a WHERE p.id = :id AND a.part_id = p.id AND a.attempt = p.attempt
        RETURNING p.attempt"""
    attempt = session.execute(text(statement), {"id": part_id, **error(WORKER_LOST)}).scalar_one()
    attempts.close(session, part_id, attempt, "lost", failure=WORKER_LOST)
    settle(session, job)

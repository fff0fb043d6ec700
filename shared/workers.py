"""Who is alive: the workers of each pool with their slots, as the dispatcher counts them, and its leader."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from shared.broker import lanes_of
from shared.fairness import Capacity, long_room
from shared.models import Pool

WORKER_ALIVE_S = 15
DISPATCHER = "dispatcher"  # The leader's row among the workers; it offers no slots.
DISPATCHER_LOCK = 0x53484541  # The advisory lock that the leading dispatcher holds.
# The slots of a pool's workers that were heard of lately.
LIVE_SLOTS = """
    SELECT coalesce(sum(slots), 0) FROM workers
    WHERE pool = :pool AND heartbeat_at > now() - make_interval(secs => :alive)"""


def free_slots(session: Session, pool: Pool) -> int:
    """Return the slots of a pool's live workers that no running part holds; negative while a worker is overtaken."""
    statement = f"""
        SELECT ({LIVE_SLOTS}) - (SELECT count(*) FROM parts WHERE state = 'running' AND lane = ANY(:lanes))"""  # noqa: S608 — our own text.
    return int(session.execute(text(statement), _given(pool)).scalar_one())


def dispatch_capacity(session: Session, pool: Pool = Pool.READERS) -> Capacity:
    """Return what may be dispatched to a pool: the broker may hold its live free slots plus one per slot."""
    statement = f"""
        SELECT ({LIVE_SLOTS}), count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'dispatched'),
               count(*) FILTER (WHERE lane > 0 AND NOT is_brief)
        FROM parts WHERE state IN ('dispatched', 'running') AND lane = ANY(:lanes)"""  # noqa: S608 — as above.
    slots, running, dispatched, long_parts = session.execute(text(statement), _given(pool)).one()
    room = max(0, slots + max(0, slots - running) - dispatched)
    return Capacity(slots=slots, room=room, long_room=long_room(slots, long_parts))


def register_worker(  # noqa: PLR0913 — the columns of one row.
    session: Session,
    *,
    worker_id: str,
    boot_id: UUID,
    host: str,
    pid: int,
    slots: int,
    pool: Pool = Pool.READERS,
) -> None:
    """Announce a worker's slots, or renew its heartbeat."""
    statement = """
        INSERT INTO workers (id, boot_id, host, pid, slots, pool, started_at, heartbeat_at)
        VALUES (:id, :boot, :host, :pid, :slots, :pool, now(), now())
        ON CONFLICT (id) DO UPDATE SET boot_id = :boot, host = :host, pid = :pid, slots = :slots, pool = :pool,
            heartbeat_at = now(),
            started_at = CASE WHEN workers.boot_id = :boot THEN workers.started_at ELSE now() END"""
    given = {"id": worker_id, "boot": boot_id, "host": host, "pid": pid, "slots": slots, "pool": pool.value}
    session.execute(text(statement), given)


def retire_worker(session: Session, *, worker_id: str, boot_id: UUID) -> None:
    """Take a stopping worker's slots out of the count."""
    session.execute(text("DELETE FROM workers WHERE id = :id AND boot_id = :boot"), {"id": worker_id, "boot": boot_id})


def live_workers(session: Session, pool: Pool = Pool.READERS) -> int:
    statement = """
        SELECT count(*) FROM workers
        WHERE pool = :pool AND slots > 0 AND heartbeat_at > now() - make_interval(secs => :alive)"""
    return int(session.execute(text(statement), {"alive": WORKER_ALIVE_S, "pool": pool.value}).scalar_one())


def dispatcher_leads(session: Session) -> bool:
    """Say whether a leading dispatcher finished a turn lately."""
    return live_process(session, worker_id=DISPATCHER) is not None


def depose_silent_dispatcher(session: Session) -> bool:
    """End the connection of a leader that has not finished a turn for long, and with it its lock; say whether it did.

    A process that is stopped or hangs keeps its connection, so the lock alone proves no progress.
    """
    statement = """
        SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database, workers w
        WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()
          AND l.classid = 0 AND l.objid = :lock
          AND w.id = :dispatcher AND w.heartbeat_at < now() - make_interval(secs => :alive)"""
    given = {"lock": DISPATCHER_LOCK, "dispatcher": DISPATCHER, "alive": WORKER_ALIVE_S}
    return session.execute(text(statement), given).first() is not None


def live_process(session: Session, *, worker_id: str) -> int | None:
    """Return the process id that a worker announced lately, None for one that is silent or unknown."""
    statement = "SELECT pid FROM workers WHERE id = :id AND heartbeat_at > now() - make_interval(secs => :alive)"
    pid: int | None = session.execute(text(statement), {"id": worker_id, "alive": WORKER_ALIVE_S}).scalar()
    return pid


def _given(pool: Pool) -> dict[str, Any]:
    return {"alive": WORKER_ALIVE_S, "pool": pool.value, "lanes": [int(lane) for lane in lanes_of(pool)]}

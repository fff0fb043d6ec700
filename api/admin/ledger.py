"""What the ledger in Postgres says of queues and workers, to be shown beside what lies in the broker."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlmodel import Session

from shared.broker import QUEUES, RENDER_QUEUE, Lane
from shared.clock import now
from shared.lifecycle import RENDITION_PRIORITY
from shared.models import Pool
from shared.workers import DISPATCHER, WORKER_ALIVE_S

# A part is in the queue of its lane, unless it makes a rendition (`queue_of`); those are known by their priority, which
# stands in the index of what waits, while the kind of their job does not.
LANE = "CASE WHEN p.lane <> :interactive OR p.priority <> :made THEN p.lane END"
RENDITIONS = {"interactive": Lane.INTERACTIVE, "made": RENDITION_PRIORITY}
STATES = ("waiting", "delayed", "dispatched", "running")  # As a QueueCard names them.
# Each state that a QueueCard shows by the conditions of the indexes that know of it.
OPEN = (
    ("waiting", "state = 'queued'"),
    ("delayed", "state = 'retry_wait'"),
    ("dispatched", "state IN ('dispatched', 'running') AND state = 'dispatched'"),
    ("running", "state IN ('dispatched', 'running') AND state = 'running'"),
)
WORKERS_SHOWN = 500


class QueueCard(BaseModel):
    """One queue: its parts in the ledger, and the messages that lie in the broker; counts are of this moment."""

    name: str = Field(examples=["interactive"])
    pool: Pool = Field(description="The workers that serve it.")
    waiting: int = Field(default=0, description="Parts that wait for their turn.")
    delayed: int = Field(default=0, description="Parts that wait for the time of another try, mails for hours.")
    dispatched: int = Field(default=0, description="Parts whose message is on its way to a worker.")
    running: int = 0
    oldest_age_s: float | None = Field(default=None, description="For how long the oldest waiting part has been there.")
    lost: int = Field(default=0, description="Parts taken back within 24 hours because their worker fell silent.")
    broker_length: int | None = Field(
        default=None,
        description="Messages in the broker, few by design; null while it cannot be reached.",
    )


class WorkerCard(BaseModel):
    """A worker that has announced itself and has not said good-bye."""

    id: str = Field(examples=["host/1"])
    pool: Pool
    host: str
    pid: int
    slots: int
    running: int = Field(description="Parts that it holds.")
    alive: bool
    started_at: datetime
    heartbeat_at: datetime
    heartbeat_age_s: float


class DispatcherCard(BaseModel):
    """The leading dispatcher; without one nothing that is queued starts."""

    leads: bool
    heartbeat_age_s: float | None


def queue_cards(session: Session) -> list[QueueCard]:
    """Count the open parts of each queue, each group of states by an index that holds nothing else."""
    open_parts = " UNION ALL ".join(
        f"SELECT lane, priority, '{shown}' AS state, id FROM parts WHERE {states}"  # noqa: S608 — our own text.
        for shown, states in OPEN
    )
    statement = f"SELECT {LANE}, state, count(*), min(id::text) FROM ({open_parts}) AS p GROUP BY 1, 2"  # noqa: S608 — as above.
    cards = {name: QueueCard(name=name, pool=_pool(name)) for name in QUEUES}
    for lane, state, count, first in session.execute(text(statement), RENDITIONS):
        card = cards[_queue(lane)]
        setattr(card, state, count)
        if state == "waiting":
            card.oldest_age_s = _age_s(first)
    for lane, count in _lost(session):
        cards[_queue(lane)].lost = count
    return list(cards.values())


def worker_cards(session: Session) -> list[WorkerCard]:
    """Return who was heard of last first."""
    statement = """
        SELECT w.id, w.pool, w.host, w.pid, w.slots, w.started_at, w.heartbeat_at,
               extract(epoch FROM now() - w.heartbeat_at) AS heartbeat_age_s, coalesce(held.running, 0) AS running
        FROM workers w LEFT JOIN (
            SELECT worker_id, count(*) AS running FROM parts WHERE state = 'running' GROUP BY worker_id
        ) AS held ON held.worker_id = w.id
        WHERE w.id <> :dispatcher ORDER BY w.heartbeat_at DESC, w.id LIMIT :limit"""
    rows = session.execute(text(statement), {"dispatcher": DISPATCHER, "limit": WORKERS_SHOWN}).mappings()
    return [WorkerCard.model_validate({**row, "alive": row["heartbeat_age_s"] < WORKER_ALIVE_S}) for row in rows]


def dispatcher_card(session: Session) -> DispatcherCard:
    statement = "SELECT extract(epoch FROM now() - heartbeat_at) FROM workers WHERE id = :id"
    age: Any = session.execute(text(statement), {"id": DISPATCHER}).scalar()
    return DispatcherCard(leads=age is not None and age < WORKER_ALIVE_S, heartbeat_age_s=age)


def failed_last_day(session: Session) -> int:
    statement = "SELECT count(*) FROM jobs WHERE finished_at > now() - interval '1 day' AND state = 'failed'"
    return int(session.execute(text(statement)).scalar_one())


def _lost(session: Session) -> list[tuple[int | None, int]]:
    statement = f"""
        SELECT {LANE}, count(*) FROM attempts a JOIN parts p ON p.id = a.part_id
        WHERE a.outcome = 'lost' AND a.ended_at > now() - interval '1 day' GROUP BY 1"""  # noqa: S608 — our own text.
    return [(lane, count) for lane, count in session.execute(text(statement), RENDITIONS)]


def _queue(lane: int | None) -> str:
    return RENDER_QUEUE if lane is None else Lane(lane).queue


def _pool(queue: str) -> Pool:
    return Pool.MAILERS if queue == Lane.EMAIL.queue else Pool.READERS


def _age_s(part_id: str) -> float:
    """Return how old a part is by its id, a UUIDv7 that begins with milliseconds (RFC 9562)."""
    return max(0.0, now().timestamp() - (UUID(part_id).int >> 80) / 1000)

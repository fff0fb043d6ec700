"""What the dispatcher does to parts: queued ones become dispatched, fairly, and unheard messages are taken back.

It touches parts that nobody holds, and never waits for a lock.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlmodel import Session

from shared import emails, fairness
from shared.broker import Lane, lanes_of, queue_of
from shared.claims import Doorbell
from shared.fairness import Capacity, Turns
from shared.models import Pool
from shared.workers import dispatch_capacity, free_slots

DISPATCH_LEASE_S = 15
DISPATCH_PATIENCE_S = 120
NOTHING = Capacity(slots=0, room=0, long_room=0)


def dispatch(session: Session, turns: Turns) -> list[Doorbell]:
    """Move as many queued parts to dispatched as there is room for, fairly, and return the messages to publish."""
    lanes = fairness.waiting_lanes(session)
    bells = _dispatch_mails(session) if Lane.EMAIL in lanes else []
    lanes.discard(Lane.EMAIL)
    capacity = dispatch_capacity(session) if lanes else NOTHING
    while lanes and capacity.room:
        for lane, limit in turns.share(capacity.room, lanes).items():
            found = _dispatch_lane(session, lane, limit, capacity)
            bells += found
            capacity = dispatch_capacity(session)
            if len(found) < limit:
                lanes.discard(lane)
    fairness.take_turns(session, [bell.part_id for bell in bells])
    return bells


def withdraw(session: Session, doorbells: Sequence[Doorbell]) -> None:
    """Put dispatched parts back whose messages could not be published."""
    statement = """
        UPDATE parts SET state = 'queued', lease_until = NULL WHERE state = 'dispatched' AND id IN (
            SELECT p.id FROM parts p
            JOIN unnest(CAST(:ids AS uuid[]), CAST(:numbers AS integer[])) AS bell (id, number)
                ON p.id = bell.id AND p.dispatch_seq = bell.number
            FOR NO KEY UPDATE OF p SKIP LOCKED)"""
    ids, numbers = [bell.part_id for bell in doorbells], [bell.dispatch_seq for bell in doorbells]
    session.execute(text(statement), {"ids": ids, "numbers": numbers})


def requeue_due(session: Session) -> int:
    """Queue the parts whose delay is over and return how many."""
    statement = """
        UPDATE parts SET state = 'queued', run_after = NULL WHERE id IN (
            SELECT id FROM parts WHERE state = 'retry_wait' AND run_after <= now() FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id"""
    return len(session.execute(text(statement)).all())


def take_back_unclaimed(session: Session, pool: Pool) -> int:
    """Queue a pool's parts again whose message nobody took.

    While every slot is busy a message may only be waiting its turn, so its lease is renewed; but not for ever, because
    it may be lost as well, and sending it twice does no harm.
    """
    statement = """
        UPDATE parts SET state = CASE WHEN :idle OR dispatched_at < now() - make_interval(secs => :patience)
                                      THEN 'queued' ELSE state END,
                         lease_until = CASE WHEN :idle OR dispatched_at < now() - make_interval(secs => :patience)
                                            THEN NULL ELSE now() + make_interval(secs => :lease) END
        WHERE id IN (SELECT id FROM parts WHERE state = 'dispatched' AND lease_until < now() AND lane = ANY(:lanes)
                     FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING state"""
    waits = {"lease": DISPATCH_LEASE_S, "patience": DISPATCH_PATIENCE_S}
    given = {"idle": free_slots(session, pool) > 0, "lanes": lanes_of(pool), **waits}
    rows: Iterable[str] = session.execute(text(statement), given).scalars()
    return sum(state == "queued" for state in rows)


def _dispatch_mails(session: Session) -> list[Doorbell]:
    """Dispatch what the mailers have room for; their slots are their own, and so is their waiting for a mail server."""
    capacity = NOTHING if emails.is_paused(session) else dispatch_capacity(session, Pool.MAILERS)
    return _dispatch_lane(session, Lane.EMAIL, capacity.room, capacity) if capacity.room else []


def _dispatch_lane(session: Session, lane: Lane, limit: int, capacity: Capacity) -> list[Doorbell]:
    picked = fairness.pick(session, lane, limit=limit, capacity=capacity)
    if not picked:
        return []
    statement = """
        UPDATE parts SET state = 'dispatched', dispatch_seq = dispatch_seq + 1, dispatched_at = now(),
               lease_until = now() + make_interval(secs => :lease)
        WHERE id = ANY(:ids) AND state = 'queued'
        RETURNING id, dispatch_seq, (SELECT kind FROM jobs WHERE jobs.id = parts.job_id), job_id"""
    rows = session.execute(text(statement), {"lease": DISPATCH_LEASE_S, "ids": picked})
    sent = {part: Doorbell(part, number, queue_of(kind, lane), kind, job) for part, number, kind, job in rows}
    return [sent[part_id] for part_id in picked if part_id in sent]

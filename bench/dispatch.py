"""What fair turns cost: the dispatcher's pick against a plain FIFO pick, with one owner flooding the queue.

    python -m bench.dispatch

A turn is `dispatching.dispatch` in its own transaction: how much room there is, fair picks in each lane, the parts
marked, the owners' turns noted. A pick is the choice of one lane's parts alone. The plain pick chooses and marks as
many in one statement, the oldest first, by an index of its own. Parts run and end as with four live slots.
"""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel import Session

from bench.postgres import throwaway_database
from shared import dispatching, fairness, workers
from shared.broker import Lane
from shared.database import Database
from shared.fairness import Capacity, Turns, long_room
from shared.places import places

SLOTS = 4
TURNS = 60
WARM_UP = 5
CAPACITY = Capacity(slots=SLOTS, room=SLOTS, long_room=long_room(SLOTS, 0))
FLOODER = 1
LISTED = 20  # Jobs on a page of a list.
PLAIN_PICK = """
    UPDATE parts SET state = 'dispatched', dispatch_seq = dispatch_seq + 1, dispatched_at = now(),
           lease_until = now() + interval '15 s'
    WHERE id IN (SELECT id FROM parts WHERE state = 'queued' ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING id"""


@dataclass(frozen=True)
class Backlog:
    """What waits: the flooder's parts, which came first, and those of `owners` who want `each`."""

    flood: int
    owners: int
    each: int

    @property
    def queued(self) -> int:
        return self.flood + self.owners * self.each


@dataclass(frozen=True)
class Measured:
    """Milliseconds of each turn, of each fair and plain pick, and of lists of jobs; whom the turns served, in order."""

    turns: Sequence[float]
    picks: Sequence[float]
    plain: Sequence[float]
    listing: dict[str, float]
    served: Sequence[int]


def main() -> None:
    backlogs = (Backlog(flood=100_000, owners=50, each=5), Backlog(flood=10_000, owners=2_000, each=5))
    measured = {backlog: measure(backlog) for backlog in backlogs}
    for backlog, found in measured.items():
        print("\n".join(report(backlog, found)), end="\n\n")
    biggest, found = next(iter(measured.items()))
    times = ratio(found.turns, found.plain)
    print(f"dispatch {quantiles(found.turns)} with {biggest.queued:,} queued ({times:.1f}x a plain FIFO pick)")


def measure(backlog: Backlog) -> Measured:
    with throwaway_database() as database:
        fill(database, backlog)
        announce(database)
        lists = {"the flooder's": FLOODER, "a small owner's": FLOODER + 1}
        listing = {whose: list_jobs(database, owner) for whose, owner in lists.items()}
        order = Turns()
        served: list[UUID] = []
        turns, picks, plain = [], [], []
        for _ in range(WARM_UP + TURNS):
            work_on(database)
            picks.append(timed(database, fair_pick)[0])
            took, picked = timed(database, lambda session: [b.part_id for b in dispatching.dispatch(session, order)])
            turns.append(took)
            served += picked
        for _ in range(WARM_UP + TURNS):
            work_on(database)
            plain.append(timed(database, plain_pick)[0])
        return Measured(turns[WARM_UP:], picks[WARM_UP:], plain[WARM_UP:], listing, owners(database, served))


def fair_pick(session: Session) -> Sequence[UUID]:
    return fairness.pick(session, Lane.INTERACTIVE, limit=SLOTS, capacity=CAPACITY)


def plain_pick(session: Session) -> Sequence[UUID]:
    return session.execute(text(PLAIN_PICK), {"limit": SLOTS}).scalars().all()


def fill(database: Database, backlog: Backlog) -> None:
    """Insert the parts, each of a job that is not there; ids tell who came first."""
    statement = """
        INSERT INTO parts (id, job_id, owner_id, is_brief, lane, priority, state, attempt, strikes, max_attempts,
                           dispatch_seq)
        SELECT made.id, made.id, CASE WHEN n <= :flood THEN :flooder ELSE :flooder + 1 + n % :owners END, true, :lane,
               0, 'queued', 0, 0, 3, 0
        FROM generate_series(1, :queued) AS n,
             LATERAL (SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid) AS made (id)"""
    given = {**vars(backlog), "queued": backlog.queued, "flooder": FLOODER, "lane": Lane.INTERACTIVE}
    with database.unit_of_work() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement), given)
        session.execute(text("CREATE INDEX parts_plain ON parts (id) WHERE state = 'queued'"))
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE parts"))


def announce(database: Database) -> None:
    """Let a worker live that offers the slots for as long as the measurement takes."""
    with database.unit_of_work() as session:
        workers.register_worker(session, worker_id="bench", boot_id=uuid4(), host="bench", pid=1, slots=SLOTS)
        session.execute(text("UPDATE workers SET heartbeat_at = now() + interval '1 h'"))


def work_on(database: Database) -> None:
    """Let what runs end, and what was sent begin."""
    statement = """
        UPDATE parts SET state = 'running' WHERE id IN (
            SELECT id FROM parts WHERE state = 'dispatched' ORDER BY dispatched_at, id LIMIT :slots)"""
    with database.unit_of_work() as session:
        session.execute(text("UPDATE parts SET state = 'succeeded' WHERE state = 'running'"))
        session.execute(text(statement), {"slots": SLOTS})


def timed(database: Database, work: Callable[[Session], Sequence[UUID]]) -> tuple[float, Sequence[UUID]]:
    """Do the work in a transaction, and return its milliseconds and the parts it chose."""
    began = time.perf_counter()
    with database.unit_of_work() as session:
        picked = work(session)
    return 1000 * (time.perf_counter() - began), picked


def owners(database: Database, part_ids: Sequence[UUID]) -> list[int]:
    """Return whose these parts are, in the same order."""
    statement = """
        SELECT owner_id FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS served (id, place)
        JOIN parts USING (id) ORDER BY place"""
    with database.snapshot() as session:
        return list(session.execute(text(statement), {"ids": list(part_ids)}).scalars())


def list_jobs(database: Database, owner: int) -> float:
    """Return the median milliseconds that the places of an owner's newest jobs take."""
    statement = "SELECT job_id FROM parts WHERE state = 'queued' AND owner_id = :owner ORDER BY id DESC LIMIT :listed"
    with database.snapshot() as session:
        jobs = session.execute(text(statement), {"owner": owner, "listed": LISTED}).scalars().all()
        took = []
        for _ in range(9):
            began = time.perf_counter()
            places(session, jobs)
            took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def report(backlog: Backlog, found: Measured) -> list[str]:
    count = Counter(found.served)
    first = {owner: found.served.index(owner) + 1 for owner in count if owner != FLOODER}
    share = count[FLOODER] / len(found.served)
    asked = f"{backlog.flood:,} parts of one owner before {backlog.owners:,} owners with {backlog.each} each"
    small = f"{len(first):,} of {backlog.owners:,} small owners were served"
    return [
        f"{asked}; {TURNS} turns, {SLOTS} slots",
        f"  turn   {quantiles(found.turns)}",
        f"  pick   {quantiles(found.picks)}  ({ratio(found.picks, found.plain):.1f}x plain)",
        f"  plain  {quantiles(found.plain)}",
        f"  of {len(found.served)} parts dispatched the flooder got {count[FLOODER]} ({share:.1%})",
        f"  {small}, the last of them first at place {max(first.values())}",
        *(f"  places of {whose} newest {LISTED} jobs: {ms:.1f} ms" for whose, ms in found.listing.items()),
    ]


def ratio(some: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(some) / statistics.median(others)


def quantiles(took_ms: Sequence[float]) -> str:
    return f"p50 {statistics.median(took_ms):.1f} ms p95 {statistics.quantiles(took_ms, n=20)[-1]:.1f} ms"


if __name__ == "__main__":
    main()

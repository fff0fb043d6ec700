"""Who is dispatched next among many owners and lanes, and what a waiting job is told of its place."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from shared import dispatching, fairness, lifecycle, workers
from shared.broker import Lane
from shared.claims import Doorbell
from shared.clock import new_id
from shared.database import Database
from shared.fairness import Turns
from shared.models import Document, Job, Part, User
from shared.places import places

BOOT = uuid4()


def do(database: Database, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
    with database.unit_of_work() as session:
        return work(session, *given, **named)


def owner(database: Database) -> int:
    """Make an account and return its id."""
    with database.unit_of_work() as session:
        user = User(email=f"{uuid4()}@example.org", name="x", password_hash="x")
        session.add(user)
        session.flush()  # Its id is given by the database.
        return user.id or 0


def queue(database: Database, owner_id: int, count: int = 1, lane: Lane = Lane.INTERACTIVE) -> list[UUID]:
    """Queue jobs of an owner and return their ids, the oldest first."""
    jobs = []
    with database.unit_of_work() as session:
        for _ in range(count):
            document = Document(owner_id=owner_id, filename="x", size=1, sha256="x", blob_key=str(new_id()))
            session.add(document)
            session.flush()  # The job's foreign key needs the document's row.
            job = Job(owner_id=owner_id, document_id=document.id, settings="default")
            lifecycle.accept(session, job, lane=lane)
            jobs.append(job.id)
    return jobs


def announce(database: Database, *, slots: int) -> None:
    """Have a worker with these slots, which stays alive however long a busy machine takes for the test."""
    with database.unit_of_work() as session:
        workers.register_worker(session, worker_id="w/1", boot_id=BOOT, host="h", pid=1, slots=slots)
        session.execute(text("UPDATE workers SET heartbeat_at = now() + interval '1 h'"))


def owners_of(database: Database, bells: list[Doorbell]) -> list[int]:
    with database.unit_of_work() as session:
        rows = dict(session.exec(select(Part.id, Part.owner_id)).all())
    return [rows[bell.part_id] for bell in bells]


def serve(database: Database, turns: Turns, rounds: int) -> list[int]:
    """Dispatch again and again, ending each part at once, and return whose parts were served, in order."""
    served: list[int] = []
    for _ in range(rounds):
        bells = do(database, dispatching.dispatch, turns)
        served += owners_of(database, bells)
        for bell in bells:
            held = do(database, lifecycle.claim, bell.part_id, bell.dispatch_seq, worker_id="w/1", boot_id=BOOT)
            do(database, lifecycle.succeed, held)
    return served


def test_a_flood_waits_behind_everybody_who_has_less(database: Database) -> None:
    announce(database, slots=2)
    flooder = owner(database)
    queue(database, flooder, 200)
    quiet = [owner(database) for _ in range(5)]
    for each in quiet:
        queue(database, each, 3)
    served = Counter(serve(database, Turns(), rounds=6)[:18])
    assert all(served[each] == 3 for each in quiet)
    assert served[flooder] == 3


def test_an_owner_with_work_under_way_is_served_after_one_with_none(database: Database) -> None:
    announce(database, slots=1)
    busy, idle = owner(database), owner(database)
    queue(database, busy, 2)
    do(database, dispatching.dispatch, Turns())
    queue(database, busy, 5)
    queue(database, idle)
    announce(database, slots=2)
    assert owners_of(database, do(database, dispatching.dispatch, Turns()))[0] == idle


def test_one_owner_never_takes_the_last_place_while_others_wait(database: Database) -> None:
    announce(database, slots=2)
    greedy, other = owner(database), owner(database)
    queue(database, greedy, 10)
    queue(database, other)
    served = Counter(owners_of(database, do(database, dispatching.dispatch, Turns())))
    assert served == {greedy: 3, other: 1}


def test_a_single_owner_may_take_every_place(database: Database) -> None:
    announce(database, slots=2)
    queue(database, owner(database), 10)
    assert len(do(database, dispatching.dispatch, Turns())) == 4


@pytest.mark.parametrize(("slots", "taken"), [(4, 3), (3, 6)])
def test_from_four_slots_on_who_is_not_alone_leaves_one_free(database: Database, slots: int, taken: int) -> None:
    announce(database, slots=slots)
    greedy, other = owner(database), owner(database)
    queue(database, other)
    serve(database, Turns(), rounds=1)
    queue(database, greedy, 20)
    assert owners_of(database, do(database, dispatching.dispatch, Turns())) == [greedy] * taken


def test_whoever_was_served_long_ago_is_not_waited_for(database: Database) -> None:
    announce(database, slots=4)
    greedy, other = owner(database), owner(database)
    queue(database, other)
    serve(database, Turns(), rounds=1)
    for _ in range(fairness.RECENT_TURNS):
        queue(database, greedy)
        serve(database, Turns(), rounds=1)
    queue(database, greedy, 20)
    assert len(do(database, dispatching.dispatch, Turns())) == 8


def test_lanes_take_turns_by_their_weights_and_none_starves(database: Database) -> None:
    announce(database, slots=6)
    one = owner(database)
    for lane in Lane:
        queue(database, one, 20, lane)
    queues = Counter(bell.queue for bell in do(database, dispatching.dispatch, Turns()))
    assert queues == {"interactive": 8, "normal": 3, "bulk": 1}


def test_an_empty_lanes_turns_go_to_the_others(database: Database) -> None:
    announce(database, slots=4)
    queue(database, owner(database), 9, Lane.BULK)
    queue(database, owner(database), 1, Lane.INTERACTIVE)
    announce(database, slots=3)
    assert len(do(database, dispatching.dispatch, Turns())) == 6


@pytest.mark.parametrize(("slots", "long_ones"), [(2, 4), (4, 3)])
def test_from_four_slots_on_one_is_kept_free_of_long_parts(database: Database, slots: int, long_ones: int) -> None:
    announce(database, slots=slots)
    queue(database, owner(database), 20, Lane.NORMAL)
    assert len(do(database, dispatching.dispatch, Turns())) == long_ones


def test_brief_parts_may_use_the_slot_that_is_kept_free(database: Database) -> None:
    announce(database, slots=4)
    queue(database, owner(database), 20, Lane.NORMAL)
    with database.unit_of_work() as session:
        for part in session.exec(select(Part)):
            part.is_brief = True
    assert len(do(database, dispatching.dispatch, Turns())) == 8


def test_places_are_the_order_in_which_jobs_are_really_dispatched(database: Database) -> None:
    flooder, second, third = (owner(database) for _ in range(3))
    jobs = [
        *queue(database, flooder, 6),
        *queue(database, second, 2),
        *queue(database, third, 1),
        *queue(database, second, 1),
    ]
    told = do(database, places, jobs)
    assert sorted(told.values()) == list(range(1, 11))
    announce(database, slots=1)
    order = served_jobs(database)
    assert [told[job] for job in order] == list(range(1, 11))


def test_places_count_what_is_with_the_broker_and_other_lanes(database: Database) -> None:
    announce(database, slots=1)
    one = owner(database)
    queue(database, one, 2)
    bells = do(database, dispatching.dispatch, Turns())
    assert len(bells) == 2
    (bulk,) = queue(database, owner(database), 1, Lane.BULK)
    (small,) = queue(database, owner(database), 1)
    assert do(database, places, [small, bulk]) == {small: 3, bulk: 4}


def served_jobs(database: Database) -> list[UUID]:
    """Dispatch until nothing waits, ending each part at once, and return the jobs in the order of their messages."""
    order = []
    turns = Turns()
    while bells := do(database, dispatching.dispatch, turns):
        for bell in bells:
            held = do(database, lifecycle.claim, bell.part_id, bell.dispatch_seq, worker_id="w/1", boot_id=BOOT)
            do(database, lifecycle.succeed, held)
            order.append(held.job_id)
    return order


def test_a_job_that_does_not_wait_has_no_place(database: Database) -> None:
    announce(database, slots=1)
    (job_id,) = queue(database, owner(database))
    (bell,) = do(database, dispatching.dispatch, Turns())
    do(database, lifecycle.claim, bell.part_id, bell.dispatch_seq, worker_id="w/1", boot_id=BOOT)
    assert do(database, places, [job_id]) == {}
    assert do(database, lambda s: s.exec(select(Job).where(col(Job.id) == job_id)).one()).state == "running"

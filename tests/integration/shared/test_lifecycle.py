"""The state changes of parts and jobs against real Postgres: who may move what, and what a late writer gets."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlmodel import col, select

from shared import dispatching, lifecycle, pages, recovery, workers
from shared.broker import Lane
from shared.claims import AttemptReport, Claim, Doorbell, Failure, Opening
from shared.database import Database
from shared.fairness import Turns
from shared.lifecycle import CancelRequested, DeadlinePassed, FencedOut
from shared.locks import lock
from shared.models import Attempt, Document, Job, Page, Part, User
from shared.page_content import FailedPage, ReadPage, unpack

BOOT = uuid4()
BROKEN = Failure("sandbox_crashed", "It died.")


def queue_job(database: Database, *, page_ranges: str | None = None, document_id: UUID | None = None) -> UUID:
    """Store a user, a document and a queued job, and return the job's id."""
    with database.unit_of_work() as session:
        if document_id is None:
            user = User(email=f"{uuid4()}@example.org", name="x", password_hash="x")
            session.add(user)
            session.flush()
            document = Document(owner_id=user.id or 0, filename="x", size=1, sha256="x", blob_key=str(uuid4()))
            session.add(document)
            session.flush()
        else:
            document = session.get_one(Document, document_id)
        job = Job(owner_id=document.owner_id, document_id=document.id, settings="default", page_ranges=page_ranges)
        lifecycle.accept(session, job, lane=Lane.NORMAL)
        return job.id


def ring(database: Database) -> Doorbell:
    """Dispatch what is next, and only that."""
    announce(database, slots=50)
    first, *rest = do(database, dispatching.dispatch, Turns())
    do(database, dispatching.withdraw, rest)
    return first  # type: ignore[no-any-return]  # `do` returns what it is given.


def claim(database: Database, bell: Doorbell, *, boot: UUID = BOOT) -> Claim | None:
    with database.unit_of_work() as session:
        return lifecycle.claim(session, bell.part_id, bell.dispatch_seq, worker_id="w/1", boot_id=boot)


def claimed(database: Database) -> Claim:
    held = claim(database, ring(database))
    assert held is not None
    return held


def do(database: Database, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Call a function of the lifecycle in a transaction of its own."""
    with database.unit_of_work() as session:
        return work(session, *given, **named)


def expire(database: Database) -> None:
    do(database, lambda s: s.execute(text("UPDATE parts SET lease_until = now() - interval '1 s'")))


def make_due(database: Database) -> None:
    do(database, lambda s: s.execute(text("UPDATE parts SET run_after = now() - interval '1 s'")))
    do(database, dispatching.requeue_due)


def read_page(number: int, said: str = "text") -> ReadPage:
    content = json.dumps({"text": said, "tables": []}).encode()
    return ReadPage(number=number, width=1, height=2, text_layer="full", table_count=0, content=content, words=b"[]")


def job_of(database: Database, job_id: UUID) -> Job:
    return do(database, lambda s: s.get_one(Job, job_id))  # type: ignore[no-any-return]  # `do` returns what it is given.


def attempts(database: Database) -> list[Attempt]:
    return do(database, lambda s: list(s.exec(select(Attempt).order_by(col(Attempt.attempt)))))  # type: ignore[no-any-return]  # As above.


def test_of_many_doubled_messages_exactly_one_claims(database: Database) -> None:
    queue_job(database)
    bell = ring(database)
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: claim(database, bell), range(24)))
    assert sum(held is not None for held in claims) == 1


def test_a_stale_message_claims_nothing(database: Database) -> None:
    queue_job(database)
    stale = ring(database)
    do(database, dispatching.withdraw, [stale])
    fresh = ring(database)
    assert claim(database, stale) is None
    assert claim(database, fresh) is not None


def test_withdrawing_a_claimed_part_changes_nothing(database: Database) -> None:
    queue_job(database)
    bell = ring(database)
    held = claim(database, bell)
    do(database, dispatching.withdraw, [bell])
    assert do(database, lifecycle.beat, [held]) == {held: None}


def test_a_finished_job_shows_its_pages_and_preview(database: Database) -> None:
    job_id = queue_job(database)
    held = claimed(database)
    assert job_of(database, job_id).state == "running"
    assert do(database, lifecycle.start_pages, held, Opening(page_count=2)) == [1, 2]
    do(database, lifecycle.record_pages, held, [read_page(1, "one\x00\ud800"), read_page(2, "two")])
    do(database, lifecycle.succeed, held, AttemptReport(exit_code=0, peak_rss_mb=50))
    job = job_of(database, job_id)
    assert (job.state, job.pages_total, job.pages_done, job.pages_failed) == ("succeeded", 2, 2, 0)
    assert job.finished_at is not None
    document = do(database, lambda s: s.get_one(Document, job.document_id))
    assert (document.text_preview, document.page_count, document.table_count) == ("one\ntwo", 2, 0)
    (attempt,) = attempts(database)
    assert (attempt.outcome, attempt.pages_done, attempt.peak_rss_mb) == ("succeeded", 2, 50)


def test_many_pages_cost_as_many_round_trips_as_one(database: Database) -> None:
    queue_job(database)
    held = claimed(database)
    do(database, lifecycle.start_pages, held, Opening(page_count=12))
    with counted(database) as one:
        do(database, lifecycle.record_pages, held, [read_page(1)])
    with counted(database) as many:
        do(database, lifecycle.record_pages, held, [read_page(number) for number in range(2, 12)])
    assert len(many) == len(one) <= 6


def test_sizes_may_be_integers_and_floats_together(database: Database) -> None:
    queue_job(database)
    held = claimed(database)
    mixed = [replace(read_page(1), width=1), replace(read_page(2), width=1.5)]
    do(database, lifecycle.record_pages, held, mixed, opening=Opening(page_count=2))
    assert do(database, lambda s: s.exec(select(Page.width).order_by(col(Page.number))).all()) == [1, 1.5]


def test_what_opening_found_may_come_with_all_pages_and_the_end(database: Database) -> None:
    job_id = queue_job(database)
    held = claimed(database)
    assert held.is_untouched
    opening = Opening(page_count=2, repaired_because="it had no pages")
    do(database, lifecycle.succeed, held, last=[read_page(1, "one"), read_page(2, "two")], opening=opening)
    job = job_of(database, job_id)
    assert (job.state, job.pages_total, job.pages_done, job.pages_failed) == ("succeeded", 2, 2, 0)
    document = do(database, lambda s: s.get_one(Document, job.document_id))
    assert (document.page_count, document.repaired_because) == (2, "it had no pages")
    assert (document.text_preview, document.table_count) == ("one\ntwo", 0)


def test_an_attempt_after_the_first_asks_what_is_missing(database: Database) -> None:
    queue_job(database)
    first = claimed(database)
    do(database, lifecycle.record_pages, first, [read_page(1)], opening=Opening(page_count=3))
    do(database, lifecycle.hand_back, first)
    second = claimed(database)
    assert (second.is_untouched, second.missing) == (False, [2, 3])
    do(database, lifecycle.record_pages, second, [read_page(2)])
    assert do(database, lifecycle.missing_pages, second) == [3]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Give the statements that are sent within the block."""
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(given[2])

    event.listen(database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine, "before_cursor_execute", note)


def test_rev_grows_with_each_state_change_and_page(database: Database) -> None:
    job_id = queue_job(database)
    revs = [1]

    def look() -> None:
        revs.append(do(database, lambda s: s.get_one(Document, job_of(database, job_id).document_id)).rev)

    held = claimed(database)
    look()
    do(database, lifecycle.start_pages, held, Opening(page_count=1))
    look()
    do(database, lifecycle.record_pages, held, [read_page(1)])
    look()
    do(database, lifecycle.succeed, held)
    look()
    assert revs == sorted(set(revs))


@pytest.mark.parametrize(
    "write",
    [
        lambda s, held: lifecycle.start_pages(s, held, Opening(page_count=9)),
        lambda s, held: lifecycle.record_pages(s, held, [read_page(1, "zombie")]),
        lifecycle.succeed,
        lambda s, held: lifecycle.fail(s, held, BROKEN),
        lambda s, held: lifecycle.retry_later(s, held, BROKEN),
        lifecycle.hand_back,
    ],
)
def test_a_zombie_writes_nothing(database: Database, write: Callable[..., object]) -> None:
    job_id = queue_job(database)
    zombie = claimed(database)
    expire(database)
    recovery.reap(database)
    heir = claimed(database)
    with pytest.raises(FencedOut):
        do(database, write, zombie)
    assert do(database, lambda s: s.exec(select(Page)).all()) == []
    do(database, lifecycle.start_pages, heir, Opening(page_count=1))
    do(database, lifecycle.record_pages, heir, [read_page(1)])
    do(database, lifecycle.succeed, heir)
    assert job_of(database, job_id).state == "succeeded"
    assert [attempt.outcome for attempt in attempts(database)] == ["lost", "succeeded"]


def test_a_heartbeat_renews_only_what_is_still_held(database: Database) -> None:
    queue_job(database)
    zombie = claimed(database)
    expire(database)
    recovery.reap(database)
    heir = claimed(database)
    expire(database)
    assert do(database, lifecycle.beat, [zombie, heir]) == {zombie: FencedOut, heir: None}
    assert recovery.reap(database) == 0


def test_a_page_recorded_twice_counts_once(database: Database) -> None:
    job_id = queue_job(database)
    held = claimed(database)
    do(database, lifecycle.start_pages, held, Opening(page_count=3))
    failed = FailedPage(number=2, code="page_error", message="odd")
    for _ in range(2):
        do(database, lifecycle.record_pages, held, [read_page(1), failed])
    job = job_of(database, job_id)
    assert (job.pages_done, job.pages_failed) == (1, 1)


def test_a_page_given_up_is_progress(database: Database) -> None:
    job_id = queue_job(database)
    for number in range(1, 6):
        held = claimed(database)
        do(database, lifecycle.start_pages, held, Opening(page_count=6))
        failed = FailedPage(number=number, code="page_crashed", message="twice")
        do(database, lifecycle.record_pages, held, [failed])
        do(database, lifecycle.retry_later, held, BROKEN)
        make_due(database)
    assert job_of(database, job_id).state == "running"


def test_a_message_lost_under_steady_load_is_sent_again_in_the_end(database: Database) -> None:
    queue_job(database)
    ring(database)
    do(database, lambda s: s.execute(text("UPDATE parts SET dispatched_at = now() - interval '3 minutes'")))
    expire(database)
    assert recovery.reap(database) == 1


def test_the_latest_job_is_the_one_accepted_last_whatever_the_clocks_say(database: Database) -> None:
    first = job_of(database, queue_job(database))
    second = queue_job(database, document_id=first.document_id)
    assert do(database, lambda s: s.get_one(Document, first.document_id)).latest_job_id == second


def test_a_lost_worker_three_times_without_a_page_ends_the_job(database: Database) -> None:
    job_id = queue_job(database)
    for _ in range(3):
        claimed(database)
        expire(database)
        assert recovery.reap(database) == 1
    job = job_of(database, job_id)
    assert (job.state, job.error_code, job.error_retryable) == ("failed", "worker_lost", True)
    assert [attempt.error_code for attempt in attempts(database)] == ["worker_lost"] * 3


def test_attempts_that_got_on_do_not_count_against_the_limit(database: Database) -> None:
    job_id = queue_job(database)
    for number in range(1, 6):
        held = claimed(database)
        todo = do(database, lifecycle.start_pages, held, Opening(page_count=6))
        assert todo == list(range(number, 7))
        do(database, lifecycle.record_pages, held, [read_page(number)])
        expire(database)
        recovery.reap(database)
    assert job_of(database, job_id).state == "running"


def test_a_part_given_up_leaves_its_pages_and_names_the_missing(database: Database) -> None:
    job_id = queue_job(database)
    held = claimed(database)
    do(database, lifecycle.start_pages, held, Opening(page_count=3))
    do(database, lifecycle.record_pages, held, [read_page(1)])
    do(database, lifecycle.fail, held, Failure("job_timeout", "Too slow."))
    job = job_of(database, job_id)
    assert (job.state, job.pages_done, job.pages_failed, job.error_code) == ("partial", 1, 2, "job_timeout")
    rows = do(database, lambda s: s.exec(select(Page.number, Page.error_code).order_by(col(Page.number))).all())
    assert rows == [(1, None), (2, "job_timeout"), (3, "job_timeout")]


def test_a_single_failed_page_makes_the_job_partial_without_an_error(database: Database) -> None:
    job_id = queue_job(database)
    held = claimed(database)
    do(database, lifecycle.start_pages, held, Opening(page_count=2))
    failed = FailedPage(number=2, code="page_error", message="odd")
    do(database, lifecycle.record_pages, held, [read_page(1), failed])
    do(database, lifecycle.succeed, held)
    job = job_of(database, job_id)
    assert (job.state, job.pages_failed, job.error_code) == ("partial", 1, None)


def test_when_every_page_failed_the_job_failed_with_the_first_pages_error(database: Database) -> None:
    job_id = queue_job(database)
    held = claimed(database)
    do(database, lifecycle.start_pages, held, Opening(page_count=1))
    failed = FailedPage(number=1, code="page_memory", message="too big")
    do(database, lifecycle.record_pages, held, [failed])
    do(database, lifecycle.succeed, held)
    job = job_of(database, job_id)
    assert (job.state, job.error_code, job.error_message) == ("failed", "page_memory", "too big")


def test_a_failure_while_opening_ends_the_job_without_pages(database: Database) -> None:
    job_id = queue_job(database)
    held = claimed(database)
    do(database, lifecycle.fail, held, Failure("password_required", "Give it."))
    job = job_of(database, job_id)
    assert (job.state, job.error_code, job.error_retryable) == ("failed", "password_required", False)


def test_a_crash_waits_before_the_next_attempt_and_three_end_the_part(database: Database) -> None:
    job_id = queue_job(database)
    for signal in (6, 9, 11):
        held = claimed(database)
        do(database, lifecycle.retry_later, held, BROKEN, AttemptReport(signal=signal))
        assert do(database, dispatching.dispatch, Turns()) == []
        make_due(database)
    assert job_of(database, job_id).error_code == "sandbox_crashed"


def test_two_equal_deaths_end_a_part_at_once(database: Database) -> None:
    job_id = queue_job(database)
    for _ in range(2):
        do(database, lifecycle.retry_later, claimed(database), BROKEN, AttemptReport(signal=11))
        make_due(database)
    assert job_of(database, job_id).error_code == "sandbox_crashed"


def test_a_defect_of_ours_is_no_poison(database: Database) -> None:
    job_id = queue_job(database)
    for _ in range(2):
        do(database, lifecycle.retry_later, claimed(database), Failure("internal_error", "Odd."))
        make_due(database)
    assert job_of(database, job_id).state == "running"


def test_a_part_handed_back_goes_on_without_a_strike(database: Database) -> None:
    queue_job(database)
    for _ in range(4):
        held = claimed(database)
        do(database, lifecycle.hand_back, held)
    assert do(database, lambda s: s.exec(select(Part)).one()).strikes == 0


def test_a_part_that_nobody_gets_on_with_ends_at_last(database: Database) -> None:
    job_id = queue_job(database)
    for _ in range(lifecycle.MAX_HAND_BACKS + 1):
        do(database, lifecycle.hand_back, claimed(database))
    job = job_of(database, job_id)
    assert (job.state, job.error_code, job.error_retryable) == ("failed", "nobody_could_start", True)


def test_a_booting_worker_frees_what_its_earlier_self_held(database: Database) -> None:
    queue_job(database)
    claimed(database)
    assert recovery.release_incarnations(database, worker_id="w/1", boot_id=BOOT) == 0
    assert recovery.release_incarnations(database, worker_id="w/1", boot_id=uuid4()) == 1
    assert claimed(database).attempt == 2


def test_an_unclaimed_message_is_sent_again_only_when_a_slot_is_free(database: Database) -> None:
    queue_job(database)
    stale = ring(database)
    silence(database)
    expire(database)
    assert recovery.reap(database) == 0, "no live worker: nobody could have claimed it"
    announce(database, slots=1)
    expire(database)
    assert recovery.reap(database) == 1
    assert ring(database).dispatch_seq == stale.dispatch_seq + 1


def test_the_broker_holds_the_free_slots_and_one_more_for_each_slot(database: Database) -> None:
    assert do(database, workers.dispatch_capacity).room == 0
    for _ in range(4):
        queue_job(database)
    claimed(database)
    ring(database)
    announce(database, slots=2)
    assert do(database, workers.dispatch_capacity).room == 2
    silence(database)
    assert do(database, workers.dispatch_capacity).room == 0


def silence(database: Database) -> None:
    do(database, lambda s: s.execute(text("UPDATE workers SET heartbeat_at = now() - interval '1 hour'")))


def announce(database: Database, *, slots: int) -> None:
    do(database, workers.register_worker, worker_id="w/1", boot_id=BOOT, host="h", pid=1, slots=slots)


def test_a_good_page_is_never_overwritten_but_a_failed_one_is(database: Database) -> None:
    first = queue_job(database)
    held = claimed(database)
    do(database, lifecycle.start_pages, held, Opening(page_count=2))
    failed = FailedPage(number=2, code="page_timeout", message="slow")
    do(database, lifecycle.record_pages, held, [read_page(1, "first"), failed])
    do(database, lifecycle.succeed, held)
    queue_job(database, document_id=job_of(database, first).document_id)
    again = claimed(database)
    assert do(database, lifecycle.start_pages, again, Opening(page_count=2)) == [2]
    do(database, lifecycle.record_pages, again, [read_page(1, "second"), read_page(2, "second")])
    do(database, lifecycle.succeed, again)
    rows = do(database, lambda s: s.exec(select(Page).order_by(col(Page.number))).all())
    assert [unpack(row.content)["text"] for row in rows] == ["first", "second"]
    assert job_of(database, again.job_id).state == "succeeded"


def test_only_selected_pages_are_read_and_counted(database: Database) -> None:
    job_id = queue_job(database, page_ranges="2,4-9")
    held = claimed(database)
    assert do(database, lifecycle.start_pages, held, Opening(page_count=5)) == [2, 4, 5]
    assert job_of(database, job_id).pages_total == 3


def test_waiting_parts_are_dispatched_oldest_first(database: Database) -> None:
    jobs = [queue_job(database) for _ in range(3)]
    dispatched = [claimed(database).job_id for _ in range(3)]
    assert dispatched == jobs


def test_two_dispatchers_never_send_the_same_part(database: Database) -> None:
    announce(database, slots=4)
    for _ in range(20):
        queue_job(database)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: do(database, dispatching.dispatch, Turns()), range(4)))
    bells = [bell for some in found for bell in some]
    assert len({bell.part_id for bell in bells}) == len(bells)


def test_pages_are_written_once_by_the_fence_of_their_attempt(database: Database) -> None:
    queue_job(database)
    held = claimed(database)
    do(database, lifecycle.start_pages, held, Opening(page_count=1))
    do(database, lifecycle.record_pages, held, [read_page(1)])
    row = do(database, lambda s: s.exec(select(Page)).one())
    assert (row.attempt, row.job_id) == (held.attempt, held.job_id)
    assert do(database, pages.outcomes, job_of(database, held.job_id), [1]) == {1: None}


def test_the_first_part_splits_a_big_pdf_and_its_siblings_read_the_rest(database: Database) -> None:
    job_id = queue_job(database)
    first = claimed(database)
    todo = [do(database, lifecycle.start_pages, first, Opening(page_count=160))]
    siblings = [claimed(database) for _ in range(2)]
    assert all(held.missing and held.job_id == job_id for held in siblings)
    todo += [do(database, lifecycle.missing_pages, held) for held in siblings]
    assert [n for run in todo for n in run] == list(range(1, 161))
    assert max(map(len, todo)) - min(map(len, todo)) <= 1


def test_the_last_of_several_parts_ends_the_job_whichever_it_is(database: Database) -> None:
    job_id = queue_job(database)
    first = claimed(database)
    run = do(database, lifecycle.start_pages, first, Opening(page_count=80))
    sibling = claimed(database)
    do(database, lifecycle.record_pages, sibling, list(map(read_page, do(database, lifecycle.missing_pages, sibling))))
    do(database, lifecycle.succeed, sibling)
    assert job_of(database, job_id).state == "running"
    do(database, lifecycle.record_pages, first, list(map(read_page, run)))
    do(database, lifecycle.succeed, first)
    job = job_of(database, job_id)
    assert (job.state, job.pages_done) == ("succeeded", 80)


def test_parts_that_end_at_the_same_moment_end_their_job_once(database: Database) -> None:
    for _ in range(10):
        job_id = queue_job(database)
        first = claimed(database)
        do(database, lifecycle.start_pages, first, Opening(page_count=256))
        held = [first, *(claimed(database) for _ in range(3))]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda each: do(database, lifecycle.succeed, each), held))
        assert job_of(database, job_id).finished_at is not None


def test_a_part_that_was_split_is_not_split_again(database: Database) -> None:
    queue_job(database)
    first = claimed(database)
    do(database, lifecycle.start_pages, first, Opening(page_count=160))
    do(database, lifecycle.record_pages, first, [read_page(1)])
    do(database, lifecycle.hand_back, first)
    again = claimed(database)
    assert again.missing
    assert do(database, lifecycle.start_pages, again, Opening(page_count=160)) == list(range(2, 54))
    assert do(database, lambda s: len(s.exec(select(Part)).all())) == 3


def test_only_the_pages_of_a_broken_part_fail_with_it(database: Database) -> None:
    job_id = queue_job(database)
    first = claimed(database)
    run = do(database, lifecycle.start_pages, first, Opening(page_count=80))
    sibling = claimed(database)
    do(database, lifecycle.fail, sibling, Failure("job_timeout", "Too slow."))
    do(database, lifecycle.record_pages, first, list(map(read_page, run)))
    do(database, lifecycle.succeed, first)
    job = job_of(database, job_id)
    assert (job.state, job.pages_done, job.pages_failed) == ("partial", 40, 40)
    assert job.failed_pages == [{"number": n, "code": "job_timeout"} for n in range(41, 81)]


def test_an_opened_pdf_is_finished_before_its_owners_next_one_is_opened(database: Database) -> None:
    first_job = queue_job(database)
    document = job_of(database, first_job).document_id
    first = claimed(database)
    queue_job(database, document_id=document)
    do(database, lifecycle.start_pages, first, Opening(page_count=80))
    assert claimed(database).job_id == first_job


def cancel(database: Database, job_id: UUID) -> None:
    do(database, lambda s: lifecycle.cancel(s, lock(s, Job, job_id)))


def test_a_waiting_job_is_canceled_at_once(database: Database) -> None:
    job_id = queue_job(database)
    bell = ring(database)
    cancel(database, job_id)
    assert job_of(database, job_id).state == "canceled"
    assert claim(database, bell) is None


def test_a_running_job_is_canceled_by_its_worker_and_keeps_its_pages(database: Database) -> None:
    job_id = queue_job(database)
    first = claimed(database)
    do(database, lifecycle.start_pages, first, Opening(page_count=80))
    do(database, lifecycle.record_pages, first, [read_page(1)])
    cancel(database, job_id)
    assert job_of(database, job_id).state == "running"
    assert do(database, lifecycle.beat, [first]) == {first: CancelRequested}
    do(database, lifecycle.confirm_cancel, first)
    job = job_of(database, job_id)
    assert (job.state, job.pages_done, job.pages_failed, job.error_code) == ("canceled", 1, 0, None)


def test_a_canceled_job_is_not_split(database: Database) -> None:
    job_id = queue_job(database)
    first = claimed(database)
    cancel(database, job_id)
    with pytest.raises(CancelRequested):
        do(database, lifecycle.start_pages, first, Opening(page_count=160))


def test_cancel_and_split_at_the_same_moment_leave_nothing_open(database: Database) -> None:
    for _ in range(20):
        job_id = queue_job(database)
        first = claimed(database)
        with ThreadPoolExecutor(2) as pool:
            split = pool.submit(do, database, lifecycle.start_pages, first, Opening(page_count=256))
            pool.submit(cancel, database, job_id).result()
            assert split.exception() is None or isinstance(split.exception(), CancelRequested)
        do(database, lifecycle.confirm_cancel, first)
        assert job_of(database, job_id).state == "canceled"


def test_a_canceled_part_whose_worker_is_lost_is_canceled(database: Database) -> None:
    job_id = queue_job(database)
    claimed(database)
    cancel(database, job_id)
    expire(database)
    recovery.reap(database)
    assert job_of(database, job_id).state == "canceled"


@pytest.mark.parametrize("end", [lifecycle.hand_back, lambda s, held: lifecycle.retry_later(s, held, BROKEN)])
def test_a_part_given_back_after_a_cancel_is_canceled(database: Database, end: Callable[..., object]) -> None:
    job_id = queue_job(database)
    held = claimed(database)
    cancel(database, job_id)
    do(database, end, held)
    assert job_of(database, job_id).state == "canceled"


def test_a_retry_that_cannot_open_the_pdf_counts_the_pages_of_before(database: Database) -> None:
    first = queue_job(database)
    held = claimed(database)
    do(database, lifecycle.start_pages, held, Opening(page_count=3))
    do(database, lifecycle.record_pages, held, [read_page(1), read_page(2)])
    do(database, lifecycle.fail, held, Failure("job_timeout", "Too slow."))
    again = queue_job(database, document_id=job_of(database, first).document_id)
    do(database, lifecycle.fail, claimed(database), Failure("open_timeout", "Too slow."))
    job = job_of(database, again)
    assert (job.state, job.pages_total, job.pages_done, job.pages_failed) == ("partial", 3, 2, 1)


def test_two_jobs_that_fail_at_the_same_page_both_say_so(database: Database) -> None:
    jobs = [queue_job(database)]
    jobs.append(queue_job(database, document_id=job_of(database, jobs[0]).document_id))
    held = [claimed(database), claimed(database)]
    for each in held:
        do(database, lifecycle.start_pages, each, Opening(page_count=2))
        do(database, lifecycle.record_pages, each, [FailedPage(number=2, code="page_error", message="odd")])
    do(database, lifecycle.record_pages, held[0], [read_page(1)])
    for each in held:
        do(database, lifecycle.succeed, each)
    assert [job_of(database, job).state for job in jobs] == ["partial", "partial"]
    assert job_of(database, jobs[0]).failed_pages == [{"number": 2, "code": "page_error"}]


def test_a_job_past_its_deadline_never_starts(database: Database) -> None:
    job_id = queue_job(database)
    miss_deadline(database)
    assert recovery.expire_due(database) == 1
    job = job_of(database, job_id)
    assert (job.state, job.error_code, job.error_retryable) == ("failed", "deadline_passed", True)


def test_a_running_part_hears_of_its_deadline(database: Database) -> None:
    queue_job(database)
    held = claimed(database)
    miss_deadline(database)
    assert recovery.expire_due(database) == 0
    assert do(database, lifecycle.beat, [held]) == {held: DeadlinePassed}


def miss_deadline(database: Database) -> None:
    do(database, lambda s: s.execute(text("UPDATE parts SET deadline_at = now() - interval '1 s'")))

"""Every state change of jobs and parts: compare-and-set statements that a late or doubled caller cannot win.

A part is queued, dispatched with a message, and running from its claim on; the moves that exist stand in
`shared/models/states.py`, and triggers refuse all others. Each writer names the state it leaves and, once claimed, the
attempt it holds; no row means that somebody else was first. A job runs from the first claim on and is ended by its last
part, in the same transaction (`shared/settling.py`). All clocks are the database's.

Whoever changes a running part, or ends one, locks its job first: the job's row is the mutex of its parts. Dispatching
touches parts that nobody holds and never waits for a lock. Rows are locked in the order user, job, part, document.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, select

from shared import attempts, fairness, page_ranges, pages
from shared.attempts import error, fence
from shared.broker import Lane
from shared.claims import (
    DEADLINE_PASSED,
    NOBODY_COULD_START,
    NOTHING_TO_REPORT,
    WORKER_LOST,
    AttemptReport,
    Claim,
    Doorbell,
    Failure,
)
from shared.database import Database
from shared.errors import SheafError
from shared.fairness import Capacity, Turns
from shared.models import Document, Job, Part
from shared.notices import ring, touch
from shared.page_content import FailedPage, ReadPage
from shared.settling import find_and_lock, lock, settle
from shared.splitting import divide, lane_for_pages
from shared.workers import dispatch_capacity, free_slots

DISPATCH_LEASE_S = 15
DISPATCH_PATIENCE_S = 120
RUN_LEASE_S = 30
RETRY_DELAY_S = 1
AT_ONCE = 100  # How many lost or late parts are looked after in one go.
OPENED_PRIORITY = 1  # A PDF that was opened is finished before its owner's next one is opened.
MAX_HAND_BACKS = 50  # With the pause between them, more than four minutes of workers without a sandbox.
POISON = ("sandbox_crashed",)  # Deaths that the same bytes cause again; a lost worker is none.


class FencedOut(SheafError):
    """Another attempt holds this part now, or it is gone."""

    code = "fenced_out"


class CancelRequested(SheafError):
    """The user wants this job to stop."""

    code = "cancel_requested"


class DeadlinePassed(SheafError):
    """The job's deadline has passed."""

    code = "deadline_passed"


def accept(session: Session, job: Job, *, lane: Lane, deadline_s: float | None = None) -> None:
    """Queue a new job as one part; the caller's transaction makes it a promise."""
    session.add(job)
    session.flush()  # The part's foreign key needs the job's row.
    part = Part(job_id=job.id, owner_id=job.owner_id, lane=lane, is_brief=lane is Lane.INTERACTIVE)
    session.add(part)
    session.flush()  # The deadline is set on the part's row, by the database's clock.
    if deadline_s is not None:
        statement = "UPDATE parts SET deadline_at = now() + make_interval(secs => :wait) WHERE id = :id"
        session.execute(text(statement), {"id": part.id, "wait": deadline_s})
    if job.document_id:
        session.get_one(Document, job.document_id).latest_job_id = job.id
    ring(session)


def dispatch(session: Session, turns: Turns) -> list[Doorbell]:
    """Move as many queued parts to dispatched as there is room for, fairly, and return the messages to publish."""
    bells: list[Doorbell] = []
    capacity = dispatch_capacity(session)
    lanes = fairness.waiting_lanes(session) if capacity.room else set()
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


def claim(session: Session, part_id: UUID, dispatch_seq: int, *, worker_id: str, boot_id: UUID) -> Claim | None:
    """Take a dispatched part for a worker; None means the message was doubled or stale."""
    job = _job_of(session, part_id)
    statement = """
        UPDATE parts SET state = 'running', attempt = attempt + 1, worker_id = :worker, boot_id = :boot,
               lease_until = now() + make_interval(secs => :lease)
        WHERE id = :id AND state = 'dispatched' AND dispatch_seq = :seq
        RETURNING attempt, first_page IS NOT NULL"""
    given = {"id": part_id, "seq": dispatch_seq, "worker": worker_id, "boot": boot_id, "lease": RUN_LEASE_S}
    row = session.execute(text(statement), given).first()
    if job is None or row is None:
        return None
    statement = (
        "INSERT INTO attempts (part_id, attempt, worker_id, started_at, pages_done) VALUES (:id, :n, :w, now(), 0)"
    )
    session.execute(text(statement), {"id": part_id, "n": row[0], "w": worker_id})
    statement = """UPDATE jobs SET state = 'running', started_at = coalesce(started_at, now()),
                   attempt = greatest(attempt, :attempt) WHERE id = :id"""
    session.execute(text(statement), {"id": job.id, "attempt": row[0]})
    return _claimed(session, job, part_id, attempt=row[0], is_split=row[1])


def beat(session: Session, held: Collection[Claim]) -> dict[Claim, type[SheafError] | None]:
    """Renew the leases of these attempts and say what each one's slot has to know: None means to go on.

    A row that somebody else is changing is renewed next time: waiting for it while holding others could deadlock.
    """
    fences = {(claim.part_id, claim.attempt): claim for claim in held}
    given = {"ids": [part for part, _ in fences], "attempts": [n for _, n in fences], "lease": RUN_LEASE_S}
    mine = """
        parts p JOIN unnest(CAST(:ids AS uuid[]), CAST(:attempts AS integer[])) AS held (id, attempt)
        ON p.id = held.id AND p.attempt = held.attempt AND p.state = 'running'"""
    renew = f"""
        UPDATE parts SET lease_until = now() + make_interval(secs => :lease)
        WHERE id IN (SELECT p.id FROM {mine} FOR NO KEY UPDATE OF p SKIP LOCKED)"""  # noqa: S608 — our own text.
    session.execute(text(renew), given)
    look = f"""
        SELECT p.id, p.attempt, p.cancel_requested_at IS NOT NULL, coalesce(p.deadline_at <= now(), false)
        FROM {mine}"""  # noqa: S608 — as above.
    said: dict[Claim, type[SheafError] | None] = dict.fromkeys(held, FencedOut)
    for part, attempt, is_canceled, is_late in session.execute(text(look), given):
        said[fences[part, attempt]] = CancelRequested if is_canceled else DeadlinePassed if is_late else None
    return said


def start_pages(session: Session, held: Claim, *, page_count: int) -> list[int]:
    """Take down the page count, split what is missing into parts, and return the pages of this one, in order.

    A part that has its range already is not split again. Raises FencedOut or CancelRequested.
    """
    job = _hold(session, held)
    part = session.get_one(Part, held.part_id, populate_existing=True)
    if part.first_page is not None:
        return _missing(session, job, part)
    if job.cancel_requested_at is not None:
        raise CancelRequested
    document = lock(session, Document, held.document_id)
    document.page_count = page_count
    selected = page_ranges.expand(held.page_ranges, page_count)
    outcomes = pages.outcomes(session, job, selected)
    job.pages_total = len(selected)
    job.pages_done = sum(code is None for code in outcomes.values())
    job.pages_failed = len(outcomes) - job.pages_done
    runs = divide([number for number in selected if number not in outcomes])
    _split(session, part, runs or [selected[:1]], lane=lane_for_pages(len(selected)))
    touch(session, document.id)
    return list(runs[0]) if runs else []


def missing_pages(session: Session, held: Claim) -> list[int]:
    """Return the pages of a split part that still have to be read, in order; raises FencedOut."""
    return _missing(session, _hold(session, held), session.get_one(Part, held.part_id, populate_existing=True))


def record_pages(session: Session, held: Claim, done: Sequence[ReadPage | FailedPage]) -> None:
    """Store pages as they come, counting each once; raises FencedOut when another attempt holds the part."""
    _hold(session, held)
    written = pages.write(session, held.job_id, done, attempt=held.attempt)
    read = sum(isinstance(page, ReadPage) for page in written)
    attempts.count_pages(session, held, more=len(written))
    session.execute(
        text("UPDATE jobs SET pages_done = pages_done + :read, pages_failed = pages_failed + :failed WHERE id = :id"),
        {"id": held.job_id, "read": read, "failed": len(written) - read},
    )
    touch(session, held.document_id)


def succeed(session: Session, held: Claim, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """End the part well, and with its last part the job."""
    _finish(session, held, "succeeded", None, report)


def fail(session: Session, held: Claim, failure: Failure, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """End the part for good: another attempt would end the same way."""
    _finish(session, held, "failed", failure, report)


def confirm_cancel(session: Session, held: Claim, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """End a running part whose cancellation was asked for; the pages it has read stay."""
    _finish(session, held, "canceled", None, report)


def retry_later(session: Session, held: Claim, failure: Failure, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """End the attempt; the part waits for another one, or is dead.

    It is dead when its attempts without progress are used up, or at once when it died the same deterministic death
    twice.
    """
    job = _hold(session, held)
    if job.cancel_requested_at is not None:
        confirm_cancel(session, held, report)
        return
    statement = """
        UPDATE parts SET strikes = strikes + :strike, lease_until = NULL,
               state = CASE WHEN :poisoned OR strikes + :strike >= max_attempts THEN 'dead' ELSE 'retry_wait' END,
               run_after = now() + make_interval(secs => :delay * power(2, strikes)),
               error_code = :code, error_message = :message
        WHERE id = :id AND state = 'running' AND attempt = :attempt RETURNING state"""
    is_strike = attempts.brought_nothing(session, held)
    given = {
        **fence(held),
        "strike": int(is_strike),
        "poisoned": is_strike and failure.code in POISON and attempts.died_so_before(session, held, failure, report),
        "delay": RETRY_DELAY_S,
        "code": failure.code,
        "message": failure.message,
    }
    state = session.execute(text(statement), given).scalar_one()
    attempts.close(session, held.part_id, held.attempt, "crashed", failure=failure, report=report)
    ring(session)
    if state == "dead":
        settle(session, job)


def hand_back(session: Session, held: Claim, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """Give up a running part that this worker cannot go on with; no strike, and the next one goes on where it stood.

    A part that nobody gets on with is dead in the end, because it may be what breaks the workers.
    """
    job = _hold(session, held)
    if job.cancel_requested_at is not None:
        confirm_cancel(session, held, report)
        return
    is_hopeless = attempts.brought_nothing(session, held) and attempts.handed_back(session, held) >= MAX_HAND_BACKS
    failure = NOBODY_COULD_START if is_hopeless else None
    statement = """
        UPDATE parts SET state = :state, lease_until = NULL, error_code = :code, error_message = :message
        WHERE id = :id AND attempt = :attempt"""
    given = {**fence(held), "state": "dead" if is_hopeless else "queued", **error(failure)}
    session.execute(text(statement), given)
    attempts.close(session, held.part_id, held.attempt, "handed_back", failure=failure, report=report)
    ring(session)
    if is_hopeless:
        settle(session, job)


def cancel(session: Session, job: Job) -> None:
    """Stop a locked job: what waits is canceled now, what runs is told to stop and canceled by its worker."""
    job.cancel_requested_at = job.cancel_requested_at or session.execute(text("SELECT now()")).scalar_one()
    statement = """
        UPDATE parts SET state = 'canceled', lease_until = NULL
        WHERE job_id = :job AND state IN ('queued', 'dispatched', 'retry_wait')"""
    session.execute(text(statement), {"job": job.id})
    statement = "UPDATE parts SET cancel_requested_at = now() WHERE job_id = :job AND state = 'running'"
    session.execute(text(statement), {"job": job.id})
    settle(session, job)
    ring(session)


def requeue_due(session: Session) -> int:
    """Queue the parts whose delay is over and return how many."""
    statement = """
        UPDATE parts SET state = 'queued', run_after = NULL WHERE id IN (
            SELECT id FROM parts WHERE state = 'retry_wait' AND run_after <= now() FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id"""
    return len(session.execute(text(statement)).all())


def expire_due(database: Database) -> int:
    """End waiting parts whose deadline has passed and return how many; a running one is told by its next beat."""
    return _each(database, "p.deadline_at <= now() AND p.state IN ('queued', 'retry_wait')", {}, _expire)


def reap(database: Database) -> int:
    """Take back what expired: messages never claimed, parts whose worker fell silent. Return how many."""
    with database.unit_of_work() as session:
        unclaimed = _reap_dispatched(session)
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
        job = _job_of(session, part_id)
        if job is None or session.execute(text(statement), {**given, "id": part_id}).first() is None:
            return False
        work(session, job, part_id)
        ring(session)
        return True


def _dispatch_lane(session: Session, lane: Lane, limit: int, capacity: Capacity) -> list[Doorbell]:
    picked = fairness.pick(session, lane, limit=limit, capacity=capacity)
    if not picked:
        return []
    statement = """
        UPDATE parts SET state = 'dispatched', dispatch_seq = dispatch_seq + 1, dispatched_at = now(),
               lease_until = now() + make_interval(secs => :lease)
        WHERE id = ANY(:ids) AND state = 'queued' RETURNING id, dispatch_seq"""
    given = {"lease": DISPATCH_LEASE_S, "ids": picked}
    sequence = {row[0]: row[1] for row in session.execute(text(statement), given)}
    return [Doorbell(part_id, sequence[part_id], lane.queue) for part_id in picked if part_id in sequence]


def _job_of(session: Session, part_id: UUID) -> Job | None:
    """Lock and return a part's job; None when the part is gone."""
    job_id = session.exec(select(Part.job_id).where(Part.id == part_id)).first()
    return find_and_lock(session, Job, job_id) if job_id else None


def _claimed(session: Session, job: Job, part_id: UUID, *, attempt: int, is_split: bool) -> Claim:
    document = session.exec(select(Document).where(Document.id == job.document_id)).one()
    touch(session, document.id)
    return Claim(
        part_id=part_id,
        attempt=attempt,
        job_id=job.id,
        document_id=document.id,
        is_split=is_split,
        settings=job.settings,
        options=job.options,
        page_ranges=job.page_ranges,
        blob_key=document.blob_key,
        password_sealed=document.password_sealed,
    )


def _split(session: Session, part: Part, runs: Sequence[Sequence[int]], *, lane: Lane) -> None:
    """Give the opened part the first run of pages, and make a part of each other one."""
    part.first_page, part.last_page, part.lane, part.priority = runs[0][0], runs[0][-1], lane, OPENED_PRIORITY
    for run in runs[1:]:
        sibling = Part(
            job_id=part.job_id,
            owner_id=part.owner_id,
            first_page=run[0],
            last_page=run[-1],
            lane=lane,
            is_brief=True,
            priority=OPENED_PRIORITY,
            deadline_at=part.deadline_at,
        )
        session.add(sibling)
    if len(runs) > 1:
        ring(session)


def _missing(session: Session, job: Job, part: Part) -> list[int]:
    first, last = part.first_page or 1, part.last_page or 0
    selected = [n for n in page_ranges.expand(job.page_ranges, last) if n >= first]
    outcomes = pages.outcomes(session, job, selected)
    return [number for number in selected if number not in outcomes]


def _finish(session: Session, held: Claim, state: str, failure: Failure | None, report: AttemptReport) -> None:
    job = _hold(session, held)
    statement = """
        UPDATE parts SET state = :state, lease_until = NULL, error_code = :code, error_message = :message
        WHERE id = :id AND state = 'running' AND attempt = :attempt"""
    session.execute(text(statement), {**fence(held), "state": state, **error(failure)})
    attempts.close(session, held.part_id, held.attempt, state, failure=failure, report=report)
    settle(session, job)
    ring(session)


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


def _reap_dispatched(session: Session) -> int:
    """Queue parts again whose message nobody took.

    While every slot is busy a message may only be waiting its turn, so its lease is renewed; but not for ever, because
    it may be lost as well, and sending it twice does no harm.
    """
    statement = """
        UPDATE parts SET state = CASE WHEN :idle OR dispatched_at < now() - make_interval(secs => :patience)
                                      THEN 'queued' ELSE state END,
                         lease_until = CASE WHEN :idle OR dispatched_at < now() - make_interval(secs => :patience)
                                            THEN NULL ELSE now() + make_interval(secs => :lease) END
        WHERE id IN (SELECT id FROM parts WHERE state = 'dispatched' AND lease_until < now()
                     FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING state"""
    given = {"idle": free_slots(session) > 0, "lease": DISPATCH_LEASE_S, "patience": DISPATCH_PATIENCE_S}
    rows: Iterable[str] = session.execute(text(statement), given).scalars()
    return sum(state == "queued" for state in rows)


def _hold(session: Session, held: Claim) -> Job:
    """Lock the job, so that the part stays this attempt's until the transaction ends; raises FencedOut if it is not."""
    job = find_and_lock(session, Job, held.job_id)
    statement = "SELECT 1 FROM parts WHERE id = :id AND attempt = :attempt AND state = 'running'"
    if job is None or session.execute(text(statement), fence(held)).first() is None:
        raise FencedOut
    return job

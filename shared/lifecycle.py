"""What users, workers and mailers do to jobs: compare-and-set statements that a late or doubled caller cannot win.

A part is queued, dispatched with a message (`shared/dispatching.py`), and running from its claim on; the moves that
exist stand in `shared/models/states.py`, and triggers refuse all others. Each writer names the state it leaves and,
once claimed, the attempt it holds; no row means that somebody else was first. A job runs from the first claim on and is
ended by its last part, in the same transaction (`shared/settling.py`). What was lost is taken back by
`shared/recovery.py`. All clocks are the database's; the order of the locks stands in `shared/locks.py`.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, select

from shared import attempts, page_ranges, pages
from shared.attempts import error, fence
from shared.broker import Lane
from shared.claims import (
    NOBODY_COULD_START,
    NOTHING_TO_REPORT,
    AttemptReport,
    Claim,
    Failure,
    Held,
    Opening,
)
from shared.errors import SheafError
from shared.locks import find_and_lock, find_and_lock_job_of, lock
from shared.models import Document, Job, JobKind, JobState, Page, Part, PartState
from shared.news import announce_job
from shared.notices import PROGRESS_CHANNEL, ring, touch
from shared.page_content import FailedPage, ReadPage
from shared.queueing import queue
from shared.settling import settle
from shared.splitting import divide, lane_for_pages

RUN_LEASE_S = 30
MAIL_LEASE_S = 900  # A mail server may take ten minutes to answer, and a mail taken back too early is sent twice.
RETRY_DELAY_S = 1
OPENED_PRIORITY = 1  # A PDF that was opened is finished before its owner's next one is opened.
RENDITION_PRIORITY = 2  # Somebody looks at the screen and waits.
MAX_HAND_BACKS = 50  # With the pause between them, more than four minutes of workers without a sandbox.
POISON = ("sandbox_crashed",)  # Deaths that the same bytes cause again; a lost worker is none.
RUN_LEASE = "make_interval(secs => CASE WHEN lane = :mail_lane THEN :mail_lease ELSE :lease END)"
LEASES = {"lease": RUN_LEASE_S, "mail_lease": MAIL_LEASE_S, "mail_lane": Lane.EMAIL}
Holding = TypeVar("Holding", bound=Held)


class TakenPart(NamedTuple):
    """A part that was just claimed; the pages are those of its range, if it has one yet."""

    id: UUID
    attempt: int
    first_page: int | None
    last_page: int | None


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
    is_extraction = job.kind == JobKind.EXTRACTION
    part = queue(session, job, lane=lane, priority=0 if is_extraction else RENDITION_PRIORITY)
    if deadline_s is not None:
        statement = "UPDATE parts SET deadline_at = now() + make_interval(secs => :wait) WHERE id = :id"
        session.execute(text(statement), {"id": part.id, "wait": deadline_s})
    if job.document_id and is_extraction:
        session.get_one(Document, job.document_id).latest_job_id = job.id
    if is_extraction:
        announce_job(session, job)


def claim(session: Session, part_id: UUID, dispatch_seq: int, *, worker_id: str, boot_id: UUID) -> Claim | None:
    """Take a dispatched part of a document for a worker; None means the message was doubled or stale."""
    taken = take(session, part_id, dispatch_seq, worker_id=worker_id, boot_id=boot_id)
    if taken is None:
        return None
    job, part = taken
    missing = None if part.first_page is None else _missing(session, job, part.first_page, part.last_page)
    return _claimed(session, job, part, missing=missing)


def take(
    session: Session, part_id: UUID, dispatch_seq: int, *, worker_id: str, boot_id: UUID
) -> tuple[Job, TakenPart] | None:
    """Take a dispatched part of any job for a worker and return it with its job, locked; None as above."""
    job = find_and_lock_job_of(session, part_id)
    statement = f"""
        WITH taken AS (
            UPDATE parts SET state = 'running', attempt = attempt + 1, worker_id = :worker, boot_id = :boot,
                   lease_until = now() + {RUN_LEASE}
            WHERE id = :id AND state = 'dispatched' AND dispatch_seq = :seq
            RETURNING id, job_id, attempt, first_page, last_page),
        begun AS (
            INSERT INTO attempts (part_id, attempt, worker_id, started_at, pages_done)
            SELECT id, attempt, :worker, now(), 0 FROM taken),
        running AS (
            UPDATE jobs SET state = 'running', started_at = coalesce(started_at, now()),
                   attempt = greatest(jobs.attempt, taken.attempt) FROM taken WHERE jobs.id = taken.job_id)
        SELECT id, attempt, first_page, last_page FROM taken"""  # noqa: S608 — our own text.
    given = {"id": part_id, "seq": dispatch_seq, "worker": worker_id, "boot": boot_id, **LEASES}
    row = session.execute(text(statement), given).first()
    return None if job is None or row is None else (job, TakenPart._make(row))


def beat(session: Session, held: Collection[Holding]) -> dict[Holding, type[SheafError] | None]:
    """Renew the leases of these attempts and say what each one's slot has to know: None means to go on.

    A row that somebody else is changing is renewed next time: waiting for it while holding others could deadlock.
    """
    fences = {(claim.part_id, claim.attempt): claim for claim in held}
    given = {"ids": [part for part, _ in fences], "attempts": [n for _, n in fences], **LEASES}
    mine = """
        parts p JOIN unnest(CAST(:ids AS uuid[]), CAST(:attempts AS integer[])) AS held (id, attempt)
        ON p.id = held.id AND p.attempt = held.attempt AND p.state = 'running'"""
    renew = f"""
        UPDATE parts SET lease_until = now() + {RUN_LEASE}
        WHERE id IN (SELECT p.id FROM {mine} FOR NO KEY UPDATE OF p SKIP LOCKED)"""  # noqa: S608 — our own text.
    session.execute(text(renew), given)
    look = f"""
        SELECT p.id, p.attempt, p.cancel_requested_at IS NOT NULL, coalesce(p.deadline_at <= now(), false)
        FROM {mine}"""  # noqa: S608 — as above.
    said: dict[Holding, type[SheafError] | None] = dict.fromkeys(held, FencedOut)
    for part, attempt, is_canceled, is_late in session.execute(text(look), given):
        said[fences[part, attempt]] = CancelRequested if is_canceled else DeadlinePassed if is_late else None
    return said


def check(session: Session, held: Held) -> None:
    """Keep the part this attempt's until the transaction ends; raises FencedOut or CancelRequested."""
    if _hold(session, held).cancel_requested_at is not None:
        raise CancelRequested


def start_pages(session: Session, held: Claim, opening: Opening) -> list[int]:
    """Take down the page count, split what is missing into parts, and return the pages of this one, in order.

    A part that has its range already is not split again. Raises FencedOut or CancelRequested.
    """
    job = _hold(session, held)
    if job.cancel_requested_at is not None:
        raise CancelRequested
    found = _start(session, job, held, opening)
    touch(session, held.document_id, channel=PROGRESS_CHANNEL)
    return found


def missing_pages(session: Session, held: Claim) -> list[int]:
    """Return the pages of a split part that still have to be read, in order; raises FencedOut."""
    job, part = _hold(session, held), session.get_one(Part, held.part_id)
    return _missing(session, job, part.first_page or 1, part.last_page)


def record_pages(
    session: Session, held: Claim, done: Sequence[ReadPage | FailedPage], *, opening: Opening | None = None
) -> None:
    """Store pages as they come, counting each once; raises FencedOut when another attempt holds the part.

    `opening` is what `start_pages` would have taken down, for a part that was read without asking it.
    """
    job = _hold(session, held)
    touch(session, held.document_id, channel=PROGRESS_CHANNEL)
    _record(session, job, held, done, opening)


def succeed(
    session: Session,
    held: Held,
    report: AttemptReport = NOTHING_TO_REPORT,
    *,
    last: Sequence[ReadPage | FailedPage] = (),
    opening: Opening | None = None,
) -> None:
    """Store the last pages of the part as `record_pages` does and end it well, and with its last part the job."""
    job = _hold(session, held)
    if isinstance(held, Claim) and (last or opening):
        if opening is None:
            touch(session, held.document_id, channel=PROGRESS_CHANNEL)
        _record(session, job, held, last, opening)
    _finish(session, job, held, PartState.SUCCEEDED, report)


def fail(session: Session, held: Held, failure: Failure, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """End the part for good: another attempt would end the same way."""
    _finish(session, _hold(session, held), held, PartState.FAILED, report, failure=failure)


def confirm_cancel(session: Session, held: Held, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """End a running part whose cancellation was asked for; the pages it has read stay."""
    _finish(session, _hold(session, held), held, PartState.CANCELED, report)


def retry_later(session: Session, held: Held, failure: Failure, report: AttemptReport = NOTHING_TO_REPORT) -> None:
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


def defer(session: Session, held: Held, failure: Failure, *, delay_s: float) -> None:
    """End the attempt without a strike; the part waits so long because somebody else was not ready."""
    job = _hold(session, held)
    if job.cancel_requested_at is not None:
        confirm_cancel(session, held)
        return
    statement = """
        UPDATE parts SET state = 'retry_wait', lease_until = NULL,
               run_after = now() + make_interval(secs => :delay), error_code = :code, error_message = :message
        WHERE id = :id AND attempt = :attempt"""
    session.execute(text(statement), {**fence(held), "delay": delay_s, **error(failure)})
    attempts.close(session, held.part_id, held.attempt, "deferred", failure=failure)
    ring(session)


def hand_back(session: Session, held: Held, report: AttemptReport = NOTHING_TO_REPORT) -> None:
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


def _claimed(session: Session, job: Job, part: TakenPart, *, missing: Sequence[int] | None) -> Claim:
    is_read = select(Page.number).where(Page.document_id == job.document_id, Page.settings == job.settings).exists()
    document, is_touched = session.exec(select(Document, is_read).where(Document.id == job.document_id)).one()
    if job.state == JobState.QUEUED and job.kind == JobKind.EXTRACTION:  # As it was read, before this claim.
        announce_job(session, job, channel=PROGRESS_CHANNEL)
    elif job.kind == JobKind.EXTRACTION:
        touch(session, document.id, channel=PROGRESS_CHANNEL)
    return Claim(
        part_id=part.id,
        attempt=part.attempt,
        job_id=job.id,
        request_id=job.request_id,
        kind=job.kind,
        document_id=document.id,
        missing=missing,
        is_untouched=part.attempt == 1 and not is_touched,
        settings=job.settings,
        options=job.options,
        page_ranges=job.page_ranges,
        blob_key=document.blob_key,
        is_repaired=document.repaired,
        password_sealed=document.password_sealed,
    )


def _start(session: Session, job: Job, held: Claim, opening: Opening) -> list[int]:
    part, document = session.get_one(Part, held.part_id), lock(session, Document, held.document_id)
    if part.first_page is not None:
        return _missing(session, job, part.first_page, part.last_page)
    document.page_count = opening.page_count
    if opening.repaired_because is not None:
        document.repaired, document.repaired_because = True, opening.repaired_because
    selected = page_ranges.expand(held.page_ranges, opening.page_count)
    outcomes = pages.outcomes(session, job, selected)
    job.pages_total = len(selected)
    job.pages_done = sum(code is None for code in outcomes.values())
    job.pages_failed = len(outcomes) - job.pages_done
    runs = divide([number for number in selected if number not in outcomes])
    _split(session, part, runs or [selected[:1]], lane=lane_for_pages(len(selected)))
    return list(runs[0]) if runs else []


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


def _missing(session: Session, job: Job, first: int, last: int | None) -> list[int]:
    selected = [n for n in page_ranges.expand(job.page_ranges, last or 0) if n >= first]
    outcomes = pages.outcomes(session, job, selected)
    return [number for number in selected if number not in outcomes]


def _finish(
    session: Session,
    job: Job,
    held: Held,
    state: PartState,
    report: AttemptReport,
    *,
    failure: Failure | None = None,
) -> None:
    """End the part of a locked job, and the job with its last part."""
    statement = """
        UPDATE parts SET state = :state, lease_until = NULL, error_code = :code, error_message = :message
        WHERE id = :id AND state = 'running' AND attempt = :attempt"""
    session.execute(text(statement), {**fence(held), "state": state.value, **error(failure)})
    attempts.close(session, held.part_id, held.attempt, state.value, failure=failure, report=report)
    settle(session, job)
    ring(session)


def _record(
    session: Session, job: Job, held: Claim, done: Sequence[ReadPage | FailedPage], opening: Opening | None
) -> None:
    """Store pages of a locked job, its document locked or to be opened, and count those that are new."""
    if opening:
        _start(session, job, held, opening)
    written = pages.write(session, job.id, done, attempt=held.attempt)
    read = sum(isinstance(page, ReadPage) for page in written)
    attempts.count_pages(session, held, more=len(written))
    job.pages_done += read
    job.pages_failed += len(written) - read


def _hold(session: Session, held: Held) -> Job:
    """Lock the job, so that the part stays this attempt's until the transaction ends; raises FencedOut if it is not."""
    job = find_and_lock(session, Job, held.job_id)
    part = session.get(Part, held.part_id, populate_existing=True)
    if job is None or part is None or (part.state, part.attempt) != (PartState.RUNNING, held.attempt):
        raise FencedOut
    return job

"""Every state change of parts: compare-and-set statements that a late or doubled caller cannot win.

Parts move `queued → dispatched → running → succeeded | failed | dead`, and back to `queued` or `retry_wait` when a
message or a worker is lost. Each writer names the state it leaves and, once claimed, the attempt it holds; no row
means somebody else was first. A job follows its parts: it runs from the first claim on and is ended by its last part,
in the same transaction (`shared/settling.py`). All clocks are the database's. Rows are locked in the order part, job,
document.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import RowMapping
from sqlmodel import Session

from shared import page_ranges, pages
from shared.broker import Lane
from shared.errors import SheafError
from shared.models import Document, Job, Part
from shared.notices import ring, touch
from shared.page_content import FailedPage, ReadPage
from shared.settling import document_of, lock, settle
from shared.workers import free_slots

DISPATCH_LEASE_S = 15
DISPATCH_PATIENCE_S = 120
RUN_LEASE_S = 30
RETRY_DELAY_S = 1
INTERACTIVE_BYTES = 2**20
BULK_BYTES = 20 * 2**20


Found = TypeVar("Found")


class FencedOut(SheafError):
    """Another attempt holds this part now."""

    code = "fenced_out"


@dataclass(frozen=True)
class Failure:
    """Why a job, part or page ended badly: a stable code and a sentence with the next step."""

    code: str
    message: str


WORKER_LOST = Failure("worker_lost", "The worker stopped answering several times; try again.")


@dataclass(frozen=True)
class Doorbell:
    """What a broker message says: look at this part, dispatched for the n-th time."""

    part_id: UUID
    dispatch_seq: int
    queue: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A part held by a worker; `attempt` is the fencing token that each of its writes carries."""

    part_id: UUID
    attempt: int
    job_id: UUID
    document_id: UUID
    settings: str
    options: dict[str, Any] = field(compare=False)
    page_ranges: str | None
    blob_key: str
    password_sealed: bytes | None


@dataclass(frozen=True, kw_only=True)
class AttemptReport:
    """What the sandbox children of an attempt used and how the last of them ended."""

    exit_code: int | None = None
    signal: int | None = None
    peak_rss_mb: int | None = None
    cpu_s: float | None = None
    error_page: int | None = None


NOTHING_TO_REPORT = AttemptReport()


def lane_for(size: int) -> Lane:
    """Return the lane of a new upload by its size in bytes; the page count is not known yet."""
    if size <= INTERACTIVE_BYTES:
        return Lane.INTERACTIVE
    return Lane.BULK if size > BULK_BYTES else Lane.NORMAL


def accept(session: Session, job: Job, *, lane: Lane) -> None:
    """Queue a new job as one part; the caller's transaction makes it a promise."""
    session.add(job)
    session.flush()  # The part's foreign key needs the job's row.
    session.add(Part(job_id=job.id, owner_id=job.owner_id, lane=lane))
    if job.document_id:
        session.get_one(Document, job.document_id).latest_job_id = job.id
    ring(session)


def dispatch(session: Session, limit: int) -> list[Doorbell]:
    """Move up to `limit` queued parts to dispatched, oldest first, and return the messages to publish."""
    # Materialized, because a plain sub-select may be run again and again and then finds more than `limit` rows.
    statement = """
        WITH picked AS MATERIALIZED (
            SELECT id FROM parts WHERE state = 'queued' ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)
        UPDATE parts SET state = 'dispatched', dispatch_seq = dispatch_seq + 1, dispatched_at = now(),
               lease_until = now() + make_interval(secs => :lease)
        FROM picked WHERE parts.id = picked.id AND parts.state = 'queued'
        RETURNING parts.id, dispatch_seq, lane"""
    rows = session.execute(text(statement), {"lease": DISPATCH_LEASE_S, "limit": limit}).mappings().all()
    bells = [Doorbell(row["id"], row["dispatch_seq"], Lane(row["lane"]).queue) for row in rows]
    return sorted(bells, key=lambda bell: bell.part_id)


def withdraw(session: Session, doorbells: Sequence[Doorbell]) -> None:
    """Put dispatched parts back whose messages could not be published."""
    statement = """
        UPDATE parts SET state = 'queued', lease_until = NULL
        WHERE id = :id AND state = 'dispatched' AND dispatch_seq = :seq"""
    session.execute(text(statement), [{"id": bell.part_id, "seq": bell.dispatch_seq} for bell in doorbells])


def claim(session: Session, part_id: UUID, dispatch_seq: int, *, worker_id: str, boot_id: UUID) -> Claim | None:
    """Take a dispatched part for a worker; None means the message was doubled or stale."""
    statement = """
        UPDATE parts SET state = 'running', attempt = attempt + 1, worker_id = :worker, boot_id = :boot,
               lease_until = now() + make_interval(secs => :lease)
        WHERE id = :id AND state = 'dispatched' AND dispatch_seq = :seq AND cancel_requested_at IS NULL
        RETURNING id, attempt, job_id"""
    given = {"id": part_id, "seq": dispatch_seq, "worker": worker_id, "boot": boot_id, "lease": RUN_LEASE_S}
    part = session.execute(text(statement), given).mappings().first()
    if part is None:
        return None
    session.execute(
        text(
            "INSERT INTO attempts (part_id, attempt, worker_id, started_at, pages_done) VALUES (:id, :n, :w, now(), 0)"
        ),
        {"id": part_id, "n": part["attempt"], "w": worker_id},
    )
    session.execute(
        text("""UPDATE jobs SET state = 'running', started_at = coalesce(started_at, now()),
                attempt = greatest(attempt, :attempt) WHERE id = :id AND state IN ('queued', 'running')"""),
        {"id": part["job_id"], "attempt": part["attempt"]},
    )
    return _claimed(session, part)


def beat(session: Session, held: Collection[Claim]) -> set[Claim]:
    """Renew the leases of these attempts and return those that still hold their part."""
    statement = """
        UPDATE parts SET lease_until = now() + make_interval(secs => :lease)
        FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS integer[])) AS held (id, attempt)
        WHERE parts.id = held.id AND parts.attempt = held.attempt AND state = 'running'
        RETURNING parts.id, parts.attempt"""
    fences = {(claim.part_id, claim.attempt): claim for claim in held}
    given = {"ids": [part for part, _ in fences], "attempts": [n for _, n in fences], "lease": RUN_LEASE_S}
    return {fences[row[0], row[1]] for row in session.execute(text(statement), given)}


def start_pages(session: Session, held: Claim, *, page_count: int) -> list[int]:
    """Store the page count and return the selected pages that still have to be read, in order."""
    _hold(session, held)
    job = lock(session, Job, held.job_id)
    document = lock(session, Document, held.document_id)
    document.page_count = page_count
    selected = page_ranges.expand(held.page_ranges, page_count)
    outcomes = pages.outcomes(session, job, selected)
    job.pages_total = len(selected)
    job.pages_done = sum(code is None for code in outcomes.values())
    job.pages_failed = len(outcomes) - job.pages_done
    touch(session, document.id)
    return [number for number in selected if number not in outcomes]


def record_pages(session: Session, held: Claim, done: Sequence[ReadPage | FailedPage]) -> None:
    """Store pages as they come, counting each once; raises FencedOut when another attempt holds the part."""
    _hold(session, held)
    written = pages.write(session, held.job_id, done, attempt=held.attempt)
    read = sum(isinstance(page, ReadPage) for page in written)
    counts = {"read": read, "failed": len(written) - read}
    session.execute(
        text("UPDATE attempts SET pages_done = pages_done + :all WHERE part_id = :id AND attempt = :attempt"),
        {**_fence(held), "all": len(written)},
    )
    session.execute(
        text("UPDATE jobs SET pages_done = pages_done + :read, pages_failed = pages_failed + :failed WHERE id = :id"),
        {"id": held.job_id, **counts},
    )
    touch(session, held.document_id)


def succeed(session: Session, held: Claim, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """End the part well, and with its last part the job."""
    _leave_running(session, held, "succeeded", None)
    _close_attempt(session, held.part_id, held.attempt, "succeeded", report=report)
    settle(session, held.job_id)


def fail(session: Session, held: Claim, failure: Failure, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """End the part for good: another attempt would end the same way."""
    _leave_running(session, held, "failed", failure)
    _close_attempt(session, held.part_id, held.attempt, "failed", failure=failure, report=report)
    settle(session, held.job_id)


def retry_later(session: Session, held: Claim, failure: Failure, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """End the attempt; the part waits for another one, or is dead when its attempts without progress are used up."""
    statement = """
        UPDATE parts SET strikes = strikes + :strike, lease_until = NULL,
               state = CASE WHEN strikes + :strike >= max_attempts THEN 'dead' ELSE 'retry_wait' END,
               run_after = now() + make_interval(secs => :delay * power(2, strikes)),
               error_code = :code, error_message = :message
        WHERE id = :id AND state = 'running' AND attempt = :attempt RETURNING state"""
    strike = 0 if _pages_done(session, held.part_id, held.attempt) else 1
    given = {**_fence(held), "strike": strike, "delay": RETRY_DELAY_S, "code": failure.code, "message": failure.message}
    row = _require(session.execute(text(statement), given).first())
    _close_attempt(session, held.part_id, held.attempt, "crashed", failure=failure, report=report)
    ring(session)
    if row[0] == "dead":
        settle(session, held.job_id)


def hand_back(session: Session, held: Claim, report: AttemptReport = NOTHING_TO_REPORT) -> None:
    """Give up a running part that this worker cannot go on with; no strike, and the next one goes on where it stood."""
    statement = """
        UPDATE parts SET state = 'queued', lease_until = NULL
        WHERE id = :id AND state = 'running' AND attempt = :attempt RETURNING id"""
    _require(session.execute(text(statement), _fence(held)).first())
    _close_attempt(session, held.part_id, held.attempt, "handed_back", report=report)
    ring(session)


def crashes_at(session: Session, part_id: UUID, page: int | None) -> int:
    """Return how many attempts of a part crashed at a page (None: while opening)."""
    statement = """SELECT count(*) FROM attempts
        WHERE part_id = :id AND outcome = 'crashed' AND error_page IS NOT DISTINCT FROM CAST(:page AS integer)"""
    return int(session.execute(text(statement), {"id": part_id, "page": page}).scalar_one())


def requeue_due(session: Session) -> int:
    """Queue the parts whose delay is over and return how many."""
    statement = """UPDATE parts SET state = 'queued', run_after = NULL
                   WHERE state = 'retry_wait' AND run_after <= now() RETURNING id"""
    return len(session.execute(text(statement)).all())


def reap(session: Session) -> int:
    """Take back what expired: messages never claimed, parts whose worker fell silent. Return how many."""
    return _reap_dispatched(session) + _reap_running(session, "lease_until < now()", {})


def release_incarnations(session: Session, *, worker_id: str, boot_id: UUID) -> int:
    """Take back at once what earlier incarnations of a booting worker held; the caller knows that they are dead."""
    given = {"worker": worker_id, "boot": boot_id}
    return _reap_running(session, "worker_id = :worker AND boot_id <> :boot", given)


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
        WHERE state = 'dispatched' AND lease_until < now() RETURNING state"""
    given = {"idle": free_slots(session) > 0, "lease": DISPATCH_LEASE_S, "patience": DISPATCH_PATIENCE_S}
    rows: Iterable[str] = session.execute(text(statement), given).scalars()
    return sum(state == "queued" for state in rows)


def _reap_running(session: Session, condition: str, given: dict[str, Any]) -> int:
    statement = f"""
        UPDATE parts p SET strikes = strikes + (a.pages_done = 0)::int, lease_until = NULL,
               state = CASE WHEN strikes + (a.pages_done = 0)::int >= max_attempts THEN 'dead' ELSE 'queued' END,
               error_code = :code, error_message = :message
        FROM attempts a
        WHERE a.part_id = p.id AND a.attempt = p.attempt AND p.id IN (
            SELECT id FROM parts WHERE state = 'running' AND {condition} FOR UPDATE SKIP LOCKED)
        RETURNING p.id, p.attempt, p.job_id, p.state"""  # noqa: S608 — `condition` is one of two literals above.
    lost = {"code": WORKER_LOST.code, "message": WORKER_LOST.message}
    rows = session.execute(text(statement), {**given, **lost}).mappings().all()
    for row in rows:
        _close_attempt(session, row["id"], row["attempt"], "lost", failure=WORKER_LOST)
        if row["state"] == "dead":
            settle(session, row["job_id"])
    if rows:
        ring(session)
    return len(rows)


def _claimed(session: Session, part: RowMapping) -> Claim:
    job = session.get_one(Job, part["job_id"])
    document = session.get_one(Document, document_of(job))
    touch(session, document.id)
    return Claim(
        part_id=part["id"],
        attempt=part["attempt"],
        job_id=job.id,
        document_id=document.id,
        settings=job.settings,
        options=job.options,
        page_ranges=job.page_ranges,
        blob_key=document.blob_key,
        password_sealed=document.password_sealed,
    )


def _leave_running(session: Session, held: Claim, state: str, failure: Failure | None) -> None:
    statement = """
        UPDATE parts SET state = :state, lease_until = NULL, error_code = :code, error_message = :message
        WHERE id = :id AND state = 'running' AND attempt = :attempt RETURNING id"""
    error = {"code": failure and failure.code, "message": failure and failure.message}
    _require(session.execute(text(statement), {**_fence(held), "state": state, **error}).first())
    ring(session)


def _close_attempt(
    session: Session,
    part_id: UUID,
    attempt: int,
    outcome: str,
    *,
    failure: Failure | None = None,
    report: AttemptReport = NOTHING_TO_REPORT,
) -> None:
    statement = """
        UPDATE attempts SET ended_at = now(), outcome = :outcome, error_code = :code, error_message = :message,
               exit_code = :exit_code, signal = :signal, peak_rss_mb = :peak_rss_mb, cpu_s = :cpu_s,
               error_page = :error_page
        WHERE part_id = :id AND attempt = :attempt AND ended_at IS NULL"""
    error = {"code": failure and failure.code, "message": failure and failure.message}
    session.execute(text(statement), {"id": part_id, "attempt": attempt, "outcome": outcome, **error, **vars(report)})


def _pages_done(session: Session, part_id: UUID, attempt: int) -> int:
    statement = "SELECT pages_done FROM attempts WHERE part_id = :id AND attempt = :attempt"
    return int(session.execute(text(statement), {"id": part_id, "attempt": attempt}).scalar_one())


def _hold(session: Session, held: Claim) -> None:
    """Keep the part this attempt's until the transaction ends; raises FencedOut when it no longer is."""
    statement = "SELECT 1 FROM parts WHERE id = :id AND attempt = :attempt AND state = 'running' FOR SHARE"
    _require(session.execute(text(statement), _fence(held)).first())


def _fence(held: Claim) -> dict[str, Any]:
    return {"id": held.part_id, "attempt": held.attempt}


def _require(row: Found | None) -> Found:
    if row is None:
        raise FencedOut
    return row

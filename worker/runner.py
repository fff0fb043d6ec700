"""The run of one part: claim it, read its pages in the sandbox, record them as they come, and tell how it ended.

Two short transactions stand around slow work that holds none. A worker that lost its claim writes nothing more.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import structlog
from pydantic import SecretStr
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from shared import attempts, lifecycle, page_ranges
from shared.claims import DEADLINE_PASSED, AttemptReport, Claim, Failure
from shared.database import Database
from shared.lifecycle import CancelRequested, DeadlinePassed, FencedOut
from shared.page_content import FailedPage
from shared.sealing import unseal
from shared.storage import BlobStore, StoreUnavailable
from worker.extraction import failures
from worker.extraction.limits import Limits
from worker.extraction.sandbox import Extraction, ExtractionFailed, Sandbox, SandboxCrashed, SandboxUnavailable
from worker.leases import Leases
from worker.presence import Presence
from worker.recording import Recorder

STOP_GRACE_S = 10.0
BROKEN_PAUSE_S = 5.0
DATABASE_PATIENCE_S = lifecycle.RUN_LEASE_S
Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class Stopping(Exception):
    """This worker is shutting down."""


# How reading a part can end early; the first four do not end it for good.
EXPECTED = (
    Stopping,
    SandboxUnavailable,
    StoreUnavailable,
    SandboxCrashed,
    CancelRequested,
    DeadlinePassed,
    ExtractionFailed,
    FileNotFoundError,
)


class Runner:
    """Runs the parts that messages point to; one runner serves all slots of a worker."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        sandbox: Sandbox,
        *,
        limits: Limits,
        key: SecretStr,
        presence: Presence,
    ) -> None:
        """Keep what every run needs; `key` unseals document passwords."""
        self.leases = Leases(database)
        self._sandbox = sandbox
        self._database = database
        self._blobs = blobs
        self._limits = limits
        self._key = key
        self._presence = presence
        self._stop_at: float | None = None

    def look_at(self, part_id: UUID, dispatch_seq: int) -> None:
        """Run the part if this message is the fresh one; a doubled or stale message does nothing."""
        held = self._transact(
            lambda session: lifecycle.claim(
                session,
                part_id,
                dispatch_seq,
                worker_id=self._presence.worker_id,
                boot_id=self._presence.boot_id,
            )
        )
        if held is None:
            log.info("stale message", part=str(part_id), dispatch_seq=dispatch_seq)
            return
        with structlog.contextvars.bound_contextvars(job=str(held.job_id), attempt=held.attempt):
            self._run(held)

    def stop_soon(self) -> None:
        """Let each slot finish its page and hand its part back; after the grace the sandbox child is killed."""
        self._stop_at = time.monotonic() + STOP_GRACE_S

    def _run(self, held: Claim) -> None:
        started = time.monotonic()
        try:
            outcome = self._work(held)
        except FencedOut:
            outcome = "fenced out"
        except Exception:  # an edge: whatever happens in here, the part must not stay unanswered.
            log.exception("part failed unexpectedly")
            outcome = self._end_unexpectedly(held)
        log.info("part ended", outcome=outcome, seconds=round(time.monotonic() - started, 3))

    def _end_unexpectedly(self, held: Claim) -> str:
        try:
            return self._end(lambda s: lifecycle.retry_later(s, held, failures.UNEXPECTED), "unexpected")
        except FencedOut:
            return "fenced out"

    def _work(self, held: Claim) -> str:
        password = unseal(held.password_sealed, self._key) if held.password_sealed else None

        recorder = Recorder(lambda pages: self._transact(lambda s: lifecycle.record_pages(s, held, pages)))

        def on_wait() -> None:
            self._check_grace()
            lease.check()
            recorder.tick()

        with (
            self.leases.hold(held) as lease,
            self._sandbox.extraction(
                lambda: self._blobs.open(held.blob_key),
                password=password,
                limits=self._limits,
                on_wait=on_wait,
                warm_key=held.document_id if held.is_split else None,  # Only then a neighbour may follow.
            ) as extraction,
        ):
            return self._read(held, extraction, recorder)

    def _read(self, held: Claim, extraction: Extraction, recorder: Recorder) -> str:
        """Read until every page of the part has a row, and end the part by what happened."""
        try:
            while self._read_on(held, extraction, recorder):
                pass
        except EXPECTED as error:
            recorder.flush()
            return self._end_early(held, error, extraction.report)
        return self._end(lambda s: lifecycle.succeed(s, held, extraction.report), "succeeded")

    def _end_early(self, held: Claim, error: Exception, report: AttemptReport) -> str:
        match error:
            case CancelRequested():
                return self._end(lambda s: lifecycle.confirm_cancel(s, held, report), "canceled")
            case Stopping():
                return self._end(lambda s: lifecycle.hand_back(s, held, report), "handed back")
            case SandboxUnavailable() | StoreUnavailable():
                log.error("this worker cannot read now", exc_info=error)
                time.sleep(BROKEN_PAUSE_S)  # Not the part's fault: no strike, but no busy loop either.
                return self._end(lambda s: lifecycle.hand_back(s, held, report), "could not start")
            case SandboxCrashed():
                failure, died = failures.SANDBOX_CRASHED, replace(report, error_page=error.page)
                return self._end(lambda s: lifecycle.retry_later(s, held, failure, died), failure.code)
        failure = _failure_of(error)
        return self._end(lambda s: lifecycle.fail(s, held, failure, report), failure.code)

    def _read_on(self, held: Claim, extraction: Extraction, recorder: Recorder) -> bool:
        """Read the missing pages once; True when a page was given up and the rest is still to be read."""
        try:
            for page in extraction.read(self._pages_to_read(held, extraction)):
                recorder.add(page)
                self._check_stop()
            recorder.flush()
        except SandboxCrashed as crash:
            recorder.flush()
            return self._give_page_up(held, crash)
        return False

    def _pages_to_read(self, held: Claim, extraction: Extraction) -> list[int]:
        """Return the pages of this part; the first part of a job opens the PDF and splits it."""
        if held.is_split:
            return self._transact(lambda session: lifecycle.missing_pages(session, held))
        page_count = extraction.open(count_all=held.page_ranges is not None)
        self._check_selection(held, page_count)
        return self._transact(lambda session: lifecycle.start_pages(session, held, page_count=page_count))

    def _give_page_up(self, held: Claim, crash: SandboxCrashed) -> bool:
        """A page that killed the sandbox in an earlier attempt and now again is recorded as failed."""
        page = crash.page
        if page is None or not self._transact(lambda s: attempts.crashes_at(s, held.part_id, page)):
            raise crash
        failed = FailedPage(number=page, code=failures.PAGE_CRASHED.code, message=failures.PAGE_CRASHED.message)
        self._transact(lambda session: lifecycle.record_pages(session, held, [failed]))
        return True

    def _check_selection(self, held: Claim, page_count: int) -> None:
        selected = page_ranges.expand(held.page_ranges, page_count)
        if not selected:
            raise ExtractionFailed(failures.no_such_pages(held.page_ranges, page_count))
        if len(selected) > self._limits.max_pages:
            raise ExtractionFailed(failures.too_many_pages(self._limits.max_pages))

    def _end(self, transition: Callable[[Session], None], outcome: str) -> str:
        self._transact(transition)
        return outcome

    def _check_stop(self) -> None:
        if self._stop_at is not None:
            raise Stopping

    def _check_grace(self) -> None:
        if self._stop_at is not None and time.monotonic() > self._stop_at:
            raise Stopping

    def _transact(self, work: Callable[[Session], Result]) -> Result:
        """Run one transaction, trying again while the lease would last: a restart of Postgres costs no work.

        There is always a second try, because a process that was frozen finds its connection closed and its time over.
        """
        give_up = time.monotonic() + DATABASE_PATIENCE_S
        is_first_try = True
        while True:
            try:
                with self._database.unit_of_work() as session:
                    return work(session)
            except (OperationalError, InterfaceError, PoolTimeout) as error:
                if not is_first_try and time.monotonic() > give_up:
                    raise
                is_first_try = False
                log.warning("database trouble, trying again", error=str(error))
                time.sleep(0.5)


def _failure_of(error: Exception) -> Failure:
    match error:
        case ExtractionFailed():
            return error.failure
        case DeadlinePassed():
            return DEADLINE_PASSED
    return failures.FILE_MISSING

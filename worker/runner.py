"""The run of one part: read its pages in the sandbox or make what it asks for, and tell how that ended."""

import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from pydantic import SecretStr
from sqlmodel import Session

from shared import attempts, engine_checks, lifecycle, page_ranges, renditions, unowned
from shared.claims import DEADLINE_PASSED, AttemptReport, Claim, Failure, Opening
from shared.clock import new_id
from shared.database import Database
from shared.errors import StorageFull
from shared.lifecycle import CancelRequested, DeadlinePassed
from shared.models import JobKind
from shared.page_content import OTHER_SETTINGS, FailedPage
from shared.renditions import StoredBlob
from shared.sealing import unseal
from shared.splitting import PART_PAGES
from shared.storage import BlobStore, StoreUnavailable, blob_key
from worker.extraction import failures
from worker.extraction.limits import Limits
from worker.extraction.sandbox import Extraction, ExtractionFailed, Sandbox, SandboxCrashed, SandboxUnavailable
from worker.holding import Holder, Stopping
from worker.presence import Presence
from worker.recording import Pages, Recorder
from worker.rendering.failures import NO_SPACE
from worker.rendering.making import make

STOP_GRACE_S = 10.0
BROKEN_PAUSE_S = 5.0
log = structlog.get_logger(__name__)


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


class Runner(Holder[Claim]):
    """Reads parts of documents, and makes what else is asked for of them."""

    unexpected = failures.UNEXPECTED
    patience_s = lifecycle.RUN_LEASE_S

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
        """Keep what every run needs; `key` unseals document passwords, `check_share` of the pages will be checked."""
        super().__init__(database, presence)
        self._sandbox = sandbox
        self._blobs = blobs
        self._limits = limits
        self._key = key
        self._stop_at: float | None = None
        self.check_share = 0.0

    def stop_soon(self) -> None:
        """Let each slot finish its page and hand its part back; after the grace the sandbox child is killed."""
        self._stop_at = time.monotonic() + STOP_GRACE_S

    def _claim(self, session: Session, part_id: UUID, dispatch_seq: int) -> Claim | None:
        me = self._presence
        return lifecycle.claim(session, part_id, dispatch_seq, worker_id=me.worker_id, boot_id=me.boot_id)

    def _work(self, held: Claim) -> str:
        password = unseal(held.password_sealed, self._key) if held.password_sealed else None

        def record(pages: Pages, opening: Opening | None) -> None:
            self._transact(lambda session: self._record(session, held, pages, opening))

        recorder = Recorder(record)

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
                warm_key=held.document_id if held.missing is not None else None,  # Only then a neighbour may follow.
                is_repaired=held.is_repaired,
            ) as extraction,
        ):
            if held.kind == JobKind.EXTRACTION:
                outcome = self._read(held, extraction, recorder)
            else:
                outcome = self._make(held, extraction)
        _tell_plain(recorder.plain)
        return outcome

    def _record(self, session: Session, held: Claim, pages: Pages, opening: Opening | None) -> None:
        lifecycle.record_pages(session, held, pages, opening=opening)
        engine_checks.choose(session, held, pages, share=self.check_share)

    def _succeed(
        self, session: Session, held: Claim, report: AttemptReport, last: Pages, opening: Opening | None
    ) -> None:
        lifecycle.succeed(session, held, report, last=last, opening=opening)
        engine_checks.choose(session, held, last, share=self.check_share)

    def _read(self, held: Claim, extraction: Extraction, recorder: Recorder) -> str:
        """Read until every page of the part has a row, and end the part by what happened."""
        try:
            numbers = self._pages_to_read(held, extraction, recorder)
            while not self._has_read(numbers, held, extraction, recorder):
                numbers = self._transact(lambda session: lifecycle.missing_pages(session, held))
        except EXPECTED as error:
            recorder.flush()
            return self._end_early(held, error, extraction.report)
        last, opening = recorder.take()
        return self._end(lambda s: self._succeed(s, held, extraction.report, last, opening), "succeeded")

    def _make(self, held: Claim, extraction: Extraction) -> str:
        """Make what the job asks for, and own its blob in the transaction that ends the part.

        Where that fails the blob stays announced and is erased in a day: that a commit was not confirmed does not mean
        that it failed.
        """
        try:
            made = make(extraction, held, limits=self._limits)
            blob = self._store(made)
        except EXPECTED as error:
            return self._end_early(held, error, extraction.report)

        def succeed(session: Session) -> None:
            lifecycle.succeed(session, held, extraction.report)
            renditions.keep(session, held.document_id, held.settings, blob=blob)

        return self._end(succeed, "succeeded")

    def _store(self, made: bytes) -> StoredBlob:
        """Write a blob that was announced before; raises StoreUnavailable, or ExtractionFailed on a full disk."""
        key = blob_key(new_id())
        self._transact(lambda session: unowned.expect(session, key))
        try:
            self._blobs.put(key, made)
        except StorageFull as error:
            raise ExtractionFailed(NO_SPACE) from error
        return StoredBlob(key, len(made), hashlib.sha256(made).hexdigest())

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

    def _has_read(self, numbers: Sequence[int], held: Claim, extraction: Extraction, recorder: Recorder) -> bool:
        """Read these pages; False when one of them was given up and the rest is still to be read."""
        try:
            for page in extraction.read(numbers, settings=_settings_of(held)):
                recorder.add(page)
                self._check_stop()
        except SandboxCrashed as crash:
            recorder.flush()
            self._give_page_up(held, crash)
            return False
        return True

    def _pages_to_read(self, held: Claim, extraction: Extraction, recorder: Recorder) -> Sequence[int]:
        """Return the pages of this part; the first part of a job opens the PDF and splits it.

        Where there is nothing to split and nothing has been read, all that opening found is recorded with the pages.
        """
        if held.missing is not None:
            return held.missing
        page_count = extraction.open(count_all=held.page_ranges is not None)
        selected = self._selection(held, page_count)
        opening = Opening(page_count=page_count, repaired_because=extraction.repaired_because)
        if opening.repaired_because:
            log.warning("document repaired", document=str(held.document_id), because=opening.repaired_because)
        if held.is_untouched and len(selected) <= PART_PAGES:
            recorder.open(opening)
            return selected
        return self._transact(lambda session: lifecycle.start_pages(session, held, opening))

    def _give_page_up(self, held: Claim, crash: SandboxCrashed) -> None:
        """A page that killed the sandbox in an earlier attempt and now again is recorded as failed."""
        page = crash.page
        if page is None or not self._transact(lambda s: attempts.crashes_at(s, held.part_id, page)):
            raise crash
        failed = FailedPage(number=page, code=failures.PAGE_CRASHED.code, message=failures.PAGE_CRASHED.message)
        self._transact(lambda session: lifecycle.record_pages(session, held, [failed]))

    def _selection(self, held: Claim, page_count: int) -> Sequence[int]:
        selected = page_ranges.expand(held.page_ranges, page_count)
        if not selected:
            raise ExtractionFailed(failures.no_such_pages(held.page_ranges, page_count))
        if len(selected) > self._limits.max_pages:
            raise ExtractionFailed(failures.too_many_pages(self._limits.max_pages))
        return selected

    def _check_stop(self) -> None:
        if self._stop_at is not None:
            raise Stopping

    def _check_grace(self) -> None:
        if self._stop_at is not None and time.monotonic() > self._stop_at:
            raise Stopping


def _tell_plain(plain: Counter[str]) -> None:
    """Log once a part which pages pdfplumber itself read; those that a job wanted so are no fallback."""
    if wanted := plain.pop(OTHER_SETTINGS, 0):
        log.info("pages read with other settings", pages=wanted)
    if plain:
        log.warning("pages left to pdfplumber", pages=plain.total(), because=dict(plain.most_common()))


def _settings_of(held: Claim) -> dict[str, Any]:
    """Return what was asked for beyond pdfplumber's defaults."""
    settings = {name: held.options[name] for name in ("text_settings", "table_settings") if held.options.get(name)}
    return {**settings, "tables": "auto"} if held.options.get("tables") == "auto" else settings


def _failure_of(error: Exception) -> Failure:
    match error:
        case ExtractionFailed():
            return error.failure
        case DeadlinePassed():
            return DEADLINE_PASSED
    return failures.FILE_MISSING

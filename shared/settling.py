"""The end of a job: when no part of it is open, what its pages became decides between the terminal states."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared import emails, page_ranges, pages, renditions
from shared.claims import Failure
from shared.errors import SheafError
from shared.locks import lock
from shared.models import Document, Job, JobKind, JobState, Part, PartState
from shared.news import announce_job
from shared.notices import DOCUMENT_CHANNEL, wake
from shared.page_content import FailedPage

RETRYABLE_CODES = frozenset(
    {
        "worker_lost",
        "job_timeout",
        "page_timeout",
        "deadline_passed",
        "sandbox_crashed",
        "nobody_could_start",
        "mail_given_up",
        "internal_error",
    }
)
BROKEN = (PartState.FAILED, PartState.DEAD, PartState.EXPIRED)


def settle(session: Session, job: Job) -> None:
    """End a locked job when no part of it is open: what its pages are decides between the terminal states.

    A job of which a part was canceled is canceled; its finished pages stay.
    """
    parts = _parts(session, job)
    if JobState(job.state).done or any(not PartState(part.state).done for part in parts):
        return
    if job.kind == JobKind.EMAIL:
        _end_whole(session, job, parts)
        wake(session, job.document_id or job.id)
        if job.settings not in emails.ABOUT_ACCOUNTS:
            announce_job(session, job)
        return
    document = lock(session, Document, document_of(job))
    if job.kind in renditions.MADE_BY:
        _end_rendition(session, job, parts)
        wake(session, document.id)
        return
    with session.no_autoflush:  # What is changed here is written once, at the end.
        _end(session, job, document, parts)
    announce_job(session, job, channel=DOCUMENT_CHANNEL)
    if job.notify == "email":
        emails.tell_of_end(session, job)


def _end(session: Session, job: Job, document: Document, parts: Sequence[Part]) -> None:
    is_canceled = any(part.state == PartState.CANCELED for part in parts)
    broken = [] if is_canceled else [part for part in parts if part.state in BROKEN]
    if document.page_count is not None:
        _count_pages(session, job, document.page_count, broken, is_canceled=is_canceled)
    job.state = JobState.CANCELED if is_canceled else _verdict(job, broken)
    _take_error(session, job, broken)
    job.finished_at = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    document.text_preview = pages.preview(session, job)
    document.table_count = pages.table_count(session, job)


def _end_rendition(session: Session, job: Job, parts: Sequence[Part]) -> None:
    """End a job that made something of its document, and remember a failure, so that nobody asks for it for ever."""
    job.pages_total, job.pages_done = 1, int(all(part.state == PartState.SUCCEEDED for part in parts))
    _end_whole(session, job, parts)
    if job.state == JobState.FAILED:
        failure = Failure(str(job.error_code), str(job.error_message))
        renditions.keep_failure(session, document_of(job), job.settings, failure=failure)


def _end_whole(session: Session, job: Job, parts: Sequence[Part]) -> None:
    """End a job that does one thing well or not at all."""
    is_canceled = any(part.state == PartState.CANCELED for part in parts)
    broken = [part for part in parts if part.state in BROKEN]
    job.state = JobState.CANCELED if is_canceled else _verdict(job, broken)
    _take_error(session, job, broken)
    job.finished_at = session.execute(text("SELECT clock_timestamp()")).scalar_one()


def _parts(session: Session, job: Job) -> Sequence[Part]:
    statement = select(Part).where(Part.job_id == job.id).order_by(col(Part.first_page), col(Part.id))
    return session.exec(statement, execution_options={"populate_existing": True}).all()


def _count_pages(session: Session, job: Job, page_count: int, broken: Sequence[Part], *, is_canceled: bool) -> None:
    """Count what each selected page became; those that a broken part never reached failed with it."""
    selected = page_ranges.expand(job.page_ranges, page_count)
    outcomes = pages.outcomes(session, job, selected)
    if outcomes:
        missing = [page for part in broken for page in _missed(part, selected, outcomes)]
        pages.write(session, job.id, missing, attempt=job.attempt)
        outcomes.update((page.number, page.code) for page in missing)
    if not is_canceled and len(outcomes) < len(selected):
        # Another job that failed at the same pages at the same time may have left its rows instead of this one's.
        outcomes = {**pages.outcomes(session, job, selected, of_any_job=True), **outcomes}
    job.pages_total = len(selected)
    job.pages_done = sum(code is None for code in outcomes.values())
    job.pages_failed = len(outcomes) - job.pages_done
    job.failed_pages = [{"number": n, "code": code} for n, code in sorted(outcomes.items()) if code] or None


def _missed(part: Part, selected: Sequence[int], outcomes: dict[int, str | None]) -> list[FailedPage]:
    """Return the pages that this part should have read; one that never got a range should have read all."""
    first, last = part.first_page or 1, part.last_page or max(selected, default=0)
    code, message = str(part.error_code), str(part.error_message)
    missed = (n for n in selected if first <= n <= last and n not in outcomes)
    return [FailedPage(number=n, code=code, message=message) for n in missed]


def _verdict(job: Job, broken: Sequence[Part]) -> JobState:
    if not broken and job.pages_failed == 0:
        return JobState.SUCCEEDED
    return JobState.PARTIAL if job.pages_done else JobState.FAILED


def _take_error(session: Session, job: Job, broken: Sequence[Part]) -> None:
    """Take the error of the first broken part; where every page failed by itself, that of the first page."""
    if broken:
        job.error_code, job.error_message = broken[0].error_code, broken[0].error_message
    elif job.state == JobState.FAILED:
        job.error_code, job.error_message = pages.first_error(session, job)
    job.error_retryable = None if job.error_code is None else job.error_code in RETRYABLE_CODES


def document_of(job: Job) -> UUID:
    if job.document_id is None:
        raise SheafError(f"Job {job.id} of kind {job.kind} has no document.")
    return job.document_id

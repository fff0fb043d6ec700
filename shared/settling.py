"""The end of a job: when no part of it is open, what its pages became decides between the terminal states."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared import page_ranges, pages
from shared.errors import SheafError
from shared.models import Document, Job, JobState, Part, PartState
from shared.notices import touch
from shared.page_content import FailedPage

RETRYABLE_CODES = frozenset(
    {
        "worker_lost",
        "job_timeout",
        "page_timeout",
        "deadline_passed",
        "sandbox_crashed",
        "nobody_could_start",
        "internal_error",
    }
)
BROKEN = (PartState.FAILED, PartState.DEAD, PartState.EXPIRED)
Locked = TypeVar("Locked", Job, Document)


def settle(session: Session, job: Job) -> None:
    """End a locked job when no part of it is open: what its pages are decides between the terminal states.

    A job of which a part was canceled is canceled; its finished pages stay.
    """
    parts = _parts(session, job)
    if JobState(job.state).done or any(not PartState(part.state).done for part in parts):
        return
    document = lock(session, Document, document_of(job))
    is_canceled = any(part.state == PartState.CANCELED for part in parts)
    broken = [] if is_canceled else [part for part in parts if part.state in BROKEN]
    if document.page_count is not None:
        _count_pages(session, job, document.page_count, broken, is_canceled=is_canceled)
    job.state = JobState.CANCELED if is_canceled else _verdict(job, broken)
    _take_error(session, job, broken)
    job.finished_at = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    document.text_preview = pages.preview(session, job)
    document.table_count = pages.table_count(session, job)
    touch(session, document.id)


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
    if not is_canceled:
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


def lock(session: Session, model: type[Locked], key: UUID) -> Locked:
    """Lock a row against other writers, but not against new rows that refer to it: that could deadlock."""
    return session.get_one(model, key, with_for_update={"key_share": True}, populate_existing=True)


def find_and_lock(session: Session, model: type[Locked], key: UUID) -> Locked | None:
    """Lock a row as `lock` does; None when it is gone."""
    return session.get(model, key, with_for_update={"key_share": True}, populate_existing=True)


def document_of(job: Job) -> UUID:
    if job.document_id is None:
        raise SheafError(f"Job {job.id} of kind {job.kind} has no document.")
    return job.document_id

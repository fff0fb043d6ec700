"""The end of a job: when no part of it is open, what its pages became decides between the terminal states."""

from typing import TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared import page_ranges, pages
from shared.errors import SheafError
from shared.models import Document, Job, JobState, Page, Part
from shared.notices import touch
from shared.page_content import FailedPage

RETRYABLE_CODES = frozenset({"worker_lost", "job_timeout", "page_timeout", "sandbox_crashed", "internal_error"})
Locked = TypeVar("Locked", Job, Document)


def settle(session: Session, job_id: UUID) -> None:
    """End the job when no part of it is open: what its pages are decides between the terminal states."""
    job = lock(session, Job, job_id)
    parts = session.exec(select(Part).where(Part.job_id == job_id).order_by(col(Part.id))).all()
    if JobState(job.state).done or any(
        part.state in ("queued", "dispatched", "running", "retry_wait") for part in parts
    ):
        return
    broken = next((part for part in parts if part.error_code and part.state != "succeeded"), None)
    document = lock(session, Document, document_of(job))
    if document.page_count is not None:
        _count_pages(session, job, document.page_count, broken)
    _conclude(session, job, broken)
    document.text_preview = pages.preview(session, job)
    document.table_count = pages.table_count(session, job)
    touch(session, document.id)


def _count_pages(session: Session, job: Job, page_count: int, broken: Part | None) -> None:
    """Count what each selected page became; those that a broken part never reached failed with it."""
    selected = page_ranges.expand(job.page_ranges, page_count)
    outcomes = pages.outcomes(session, job, selected)
    if broken is not None and outcomes:
        code, message = str(broken.error_code), str(broken.error_message)
        missing = [FailedPage(number=n, code=code, message=message) for n in selected if n not in outcomes]
        pages.write(session, job.id, missing, attempt=job.attempt)
        outcomes.update((page.number, code) for page in missing)
    job.pages_done = sum(code is None for code in outcomes.values())
    job.pages_failed = len(outcomes) - job.pages_done


def _conclude(session: Session, job: Job, broken: Part | None) -> None:
    if broken is None and job.pages_failed == 0:
        job.state = JobState.SUCCEEDED
    else:
        job.state = JobState.PARTIAL if job.pages_done else JobState.FAILED
    if broken is not None:
        job.error_code, job.error_message = broken.error_code, broken.error_message
    elif job.state == JobState.FAILED:
        first = session.exec(select(Page).where(Page.job_id == job.id).order_by(col(Page.number)).limit(1)).one()
        job.error_code, job.error_message = first.error_code, first.error_message
    job.error_retryable = None if job.error_code is None else job.error_code in RETRYABLE_CODES
    job.finished_at = session.execute(text("SELECT clock_timestamp()")).scalar_one()


def lock(session: Session, model: type[Locked], key: UUID) -> Locked:
    """Lock a row against other writers, but not against new rows that refer to it: that could deadlock."""
    return session.get_one(model, key, with_for_update={"key_share": True}, populate_existing=True)


def document_of(job: Job) -> UUID:
    if job.document_id is None:
        raise SheafError(f"Job {job.id} of kind {job.kind} has no document.")
    return job.document_id

"""Reading jobs: one's own, with their progress, place in the queue and failed pages."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.jobs.schemas import FailedPageCard, JobCard, JobError, Progress
from shared.errors import NotFound
from shared.models import Document, Job, JobState, Page, User


class JobNotFound(NotFound):
    """There is no such job."""

    code = "job_not_found"


def own_jobs(user: User, *, state: JobState | None = None, kind: str | None = None) -> SelectOfScalar[Job]:
    statement = select(Job).where(Job.owner_id == user.id)
    if state:
        statement = statement.where(Job.state == state)
    return statement.where(Job.kind == kind) if kind else statement


def get_job(session: Session, user: User, job_id: UUID) -> Job:
    job = session.exec(select(Job).where(Job.id == job_id, Job.owner_id == user.id)).first()
    if job is None:
        raise JobNotFound("There is no job with this id among yours.")
    return job


def document_rev(session: Session, job: Job) -> int:
    """Return the change counter of the job's document; 0 for jobs without one."""
    return session.exec(select(Document.rev).where(Document.id == job.document_id)).first() or 0


def job_cards(session: Session, jobs: Sequence[Job]) -> list[JobCard]:
    """Render jobs with two queries for all of them, not one for each."""
    places = _queue_places(session, [job.id for job in jobs if job.state == JobState.QUEUED])
    failed = _failed_pages(session, [job.id for job in jobs if job.pages_failed])
    return [_card(job, place=places.get(job.id), failed_pages=failed.get(job.id)) for job in jobs]


def _card(job: Job, *, place: int | None, failed_pages: list[FailedPageCard] | None) -> JobCard:
    error = None
    if job.error_code is not None:
        error = JobError(code=job.error_code, message=job.error_message or "", retryable=bool(job.error_retryable))
    return JobCard(
        id=job.id,
        kind=job.kind,
        state=JobState(job.state),
        done=JobState(job.state).done,
        document_id=job.document_id,
        progress=Progress(pages_done=job.pages_done, pages_failed=job.pages_failed, pages_total=job.pages_total),
        queue_position=place,
        attempt=job.attempt,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        error=error,
        retry_of=job.retry_of,
        reused=False,
        failed_pages=failed_pages,
    )


def _queue_places(session: Session, job_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return each waiting job's place among all parts that wait, in the order in which they are dispatched."""
    if not job_ids:
        return {}
    statement = """
        SELECT job_id, place FROM (
            SELECT job_id, row_number() OVER (ORDER BY id) AS place FROM parts WHERE state IN ('queued', 'dispatched')
        ) AS waiting WHERE job_id = ANY(:ids)"""
    rows = session.execute(text(statement), {"ids": list(job_ids)})
    return {job_id: place for job_id, place in rows}  # noqa: C416 — dict() does not take Row as a pair for mypy.


def _failed_pages(session: Session, job_ids: Sequence[UUID]) -> dict[UUID, list[FailedPageCard]]:
    failed: defaultdict[UUID, list[FailedPageCard]] = defaultdict(list)
    if job_ids:
        statement = select(Page.job_id, Page.number, Page.error_code).where(
            col(Page.job_id).in_(job_ids), col(Page.error_code).is_not(None)
        )
        for job_id, number, code in session.exec(statement.order_by(col(Page.number))):
            failed[job_id].append(FailedPageCard(number=number, code=str(code)))
    return failed

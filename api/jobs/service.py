"""Reading jobs: one's own, with their progress, place in the queue and failed pages."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.jobs.schemas import FailedPageCard, JobCard, JobError, Progress
from shared.errors import NotFound
from shared.models import Document, Job, JobState, Page, User
from shared.places import places


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
    waiting = places(session, [job.id for job in jobs if job.state == JobState.QUEUED])
    failed = _failed_pages(session, [job for job in jobs if job.pages_failed])
    return [_card(job, place=waiting.get(job.id), failed_pages=failed.get(job.id)) for job in jobs]


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


def _failed_pages(session: Session, jobs: Sequence[Job]) -> dict[UUID, list[FailedPageCard]]:
    """Return the failed pages of each job: what an ended one has kept, and what a running one has found so far."""
    failed: defaultdict[UUID, list[FailedPageCard]] = defaultdict(list)
    for job in jobs:
        failed[job.id] += [FailedPageCard.model_validate(page) for page in job.failed_pages or ()]
    statement = select(Page.job_id, Page.number, Page.error_code).where(
        col(Page.job_id).in_([job.id for job in jobs if not JobState(job.state).done]),
        col(Page.error_code).is_not(None),
    )
    for job_id, number, code in session.exec(statement.order_by(col(Page.number))) if jobs else ():
        failed[job_id].append(FailedPageCard(number=number, code=str(code)))
    return {job_id: pages for job_id, pages in failed.items() if pages}

"""The rules of jobs: who sees which, how they look, and how they are queued, stopped and tried again."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api import admission
from api.jobs.schemas import FailedPageCard, JobCard, JobError, Progress, Statistics
from api.resources import Resources
from shared import emails, lifecycle, pages, renditions
from shared.broker import Lane
from shared.errors import Conflict, NotFound
from shared.locks import find_and_lock
from shared.models import Document, Job, JobKind, JobState, Page, User
from shared.notices import touch
from shared.page_content import OTHER_SETTINGS
from shared.places import places
from shared.settling import document_of
from shared.splitting import lane_for_pages, lane_for_size


class JobNotFound(NotFound):
    """There is no such job."""

    code = "job_not_found"


class JobFinished(Conflict):
    """The job has ended already."""

    code = "job_finished"


class JobNotFinished(Conflict):
    """The job has not ended yet."""

    code = "job_not_finished"


class NothingToRetry(Conflict):
    """The job succeeded, so there is nothing to try again."""

    code = "nothing_to_retry"


def own_jobs(user: User, *, state: JobState | None = None, kind: str | None = None) -> SelectOfScalar[Job]:
    """Select a user's jobs; without a kind those that were asked for, and never the mails about the account itself."""
    statement = select(Job).where(Job.owner_id == user.id, col(Job.settings).not_in(emails.ABOUT_ACCOUNTS))
    if state:
        statement = statement.where(Job.state == state)
    return statement.where(Job.kind == kind if kind else col(Job.kind).not_in(renditions.MADE_BY))


def get_job(session: Session, user: User, job_id: UUID) -> Job:
    job = session.exec(select(Job).where(Job.id == job_id, Job.owner_id == user.id)).first()
    if job is None:
        raise JobNotFound("There is no job with this id among yours.")
    return job


def cancel_job(session: Session, user: User, job_id: UUID) -> tuple[Job, bool]:
    """Stop a job, and return it and whether it had been canceled before; raises JobNotFound or JobFinished."""
    job = find_and_lock(session, Job, get_job(session, user, job_id).id)
    if job is None:
        raise JobNotFound("This job was deleted with its document.")
    if job.state == JobState.CANCELED:
        return job, True
    if JobState(job.state).done:
        raise JobFinished(f"The job has {job.state} already; there is nothing to cancel.")
    lifecycle.cancel(session, job)
    return job, False


def retry_job(session: Session, resources: Resources, user: User, job_id: UUID) -> tuple[Job, bool]:
    """Queue one's own ended job again, as `retry_owned` does; raises JobNotFound as well."""
    owner = admission.lock_owner(session, user.id or 0)
    return retry_owned(session, resources, owner, get_job(session, user, job_id))


def retry_owned(session: Session, resources: Resources, owner: admission.Owner, job: Job) -> tuple[Job, bool]:
    """Queue an ended job again as a new one that keeps the pages already read; a retry still open is returned as it is.

    `owner` is the locked owner of the job. Returns the job and whether it was open; raises JobNotFinished,
    NothingToRetry, or what `api.admission` raises.
    """
    if job.state == JobState.SUCCEEDED:
        raise NothingToRetry("All pages were read; to read them anew, upload the file with other options.")
    if not JobState(job.state).done:
        raise JobNotFinished("The job is still open; wait for its end, or cancel it first.")
    again = open_job(session, Job.retry_of == job.id)
    if again:
        return again, True
    if job.kind == JobKind.EMAIL:
        admission.admit_email(session, resources, owner)
        return emails.queue_again(session, job), False
    admission.admit_job(session, resources, owner)
    document = session.get_one(Document, document_of(job))
    if job.kind in renditions.MADE_BY:
        renditions.forget(session, document.id, job.settings)
        kind = JobKind(job.kind)
        return queue_rendition(session, document, kind, name=job.settings, options=job.options, retry_of=job.id), False
    touch(session, document.id)
    again = queue_job(session, document, options=job.options, page_ranges=job.page_ranges, retry_of=job.id)
    again.notify = job.notify
    return again, False


def open_job(session: Session, *conditions: Any) -> Job | None:
    """Return the newest job that has not ended and of which this holds."""
    is_open = col(Job.state).in_([state for state in JobState if not state.done])
    return session.exec(select(Job).where(is_open, *conditions).order_by(col(Job.id).desc())).first()


def queue_job(
    session: Session,
    document: Document,
    *,
    options: dict[str, Any],
    page_ranges: str | None,
    retry_of: UUID | None = None,
    deadline_s: float | None = None,
) -> Job:
    """Queue an extraction of a document whose owner is locked."""
    job = Job(
        owner_id=document.owner_id,
        document_id=document.id,
        settings=settings_digest(options),
        options=options,
        page_ranges=page_ranges,
        retry_of=retry_of,
    )
    if document.latest_job_id is not None:
        renditions.forget_failures(session, document.id)
    lane = lane_for_pages(document.page_count) if document.page_count else lane_for_size(document.size)
    lifecycle.accept(session, job, lane=lane, deadline_s=deadline_s)
    return job


def queue_rendition(
    session: Session,
    document: Document,
    kind: JobKind,
    *,
    name: str,
    options: dict[str, Any],
    retry_of: UUID | None = None,
) -> Job:
    """Queue the making of a rendition, for which somebody waits."""
    job = Job(
        owner_id=document.owner_id,
        kind=kind,
        document_id=document.id,
        settings=name,
        options=options,
        retry_of=retry_of,
    )
    lifecycle.accept(session, job, lane=Lane.INTERACTIVE)
    return job


def settings_digest(options: dict[str, Any]) -> str:
    """Return the key under which pages read with these options are stored and found again."""
    return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:16]


def document_rev(session: Session, job: Job) -> int:
    """Return the change counter of the job's document; 0 for jobs without one."""
    return session.exec(select(Document.rev).where(Document.id == job.document_id)).first() or 0


def job_cards(session: Session, jobs: Sequence[Job], *, reused: bool = False) -> list[JobCard]:
    """Render jobs with two queries for all of them, not one for each."""
    session.flush()  # What this transaction has queued has a place as well.
    waiting = places(session, [job.id for job in jobs if job.state == JobState.QUEUED])
    failed = _failed_pages(session, [job for job in jobs if job.pages_failed])
    return [_card(job, waiting.get(job.id), failed.get(job.id), reused=reused) for job in jobs]


def job_card_alone(session: Session, job: Job) -> JobCard:
    """Render one job with its statistics."""
    (card,) = job_cards(session, [job])
    if card.done and (plain := pages.read_plainly(session, job)):
        card.statistics = Statistics(other_settings=plain.pop(OTHER_SETTINGS, 0), fallbacks=plain)
    return card


def _card(job: Job, place: int | None, failed_pages: list[FailedPageCard] | None, *, reused: bool) -> JobCard:
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
        reused=reused,
        failed_pages=failed_pages,
        asked=_asked(job) if job.kind == JobKind.EXTRACTION else None,
    )


def _asked(job: Job) -> dict[str, Any] | None:
    """Return what an extraction was asked for beyond the defaults, in the words of the request."""
    options = {name: wish for name, wish in job.options.items() if (name, wish) != ("tables", "default")}
    return {**({"pages": job.page_ranges} if job.page_ranges else {}), **options} or None


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

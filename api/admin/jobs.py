"""All users' jobs: listing them, looking at one with its attempts, and trying failed ones again for their owners."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api import admission
from api.admin.job_schemas import (
    AdminJob,
    AdminJobAlone,
    AttemptCard,
    Owner,
    RefusedJob,
    RetriedJob,
    RetriedJobs,
    RetryJobs,
)
from api.jobs import service
from api.jobs.service import JobNotFound
from api.resources import Resources
from shared.admin_actions import record
from shared.errors import SheafError
from shared.models import Attempt, Deed, Document, Job, JobKind, JobState, Part, User

ATTEMPTS_SHOWN = 200


def all_jobs(
    *, state: JobState | None, kind: JobKind | None, owner_id: int | None, code: str | None
) -> SelectOfScalar[Job]:
    wanted = {Job.state: state, Job.kind: kind, Job.owner_id: owner_id, Job.error_code: code}
    return select(Job).where(*(col(column) == value for column, value in wanted.items() if value is not None))


def admin_cards(session: Session, jobs: Sequence[Job]) -> list[AdminJob]:
    """Render jobs with their owners, with one more query for all of them."""
    statement = select(User).where(col(User.id).in_({job.owner_id for job in jobs}))
    owners = {user.id: Owner.model_validate(user.model_dump()) for user in session.exec(statement)}
    cards = service.job_cards(session, jobs)
    return [
        AdminJob(**dict(card), owner=owners[job.owner_id], request_id=job.request_id)
        for card, job in zip(cards, jobs, strict=True)
    ]


def look_at(session: Session, job_id: UUID) -> AdminJobAlone:
    """Return any job with its latest attempts; raises JobNotFound."""
    job = _find(session, job_id)
    (card,) = admin_cards(session, [job])
    statement = select(Attempt, Part).join(Part).where(Part.job_id == job.id).order_by(col(Attempt.started_at).desc())
    attempts = [
        AttemptCard(**attempt.model_dump(), first_page=part.first_page, last_page=part.last_page)
        for attempt, part in session.exec(statement.limit(ATTEMPTS_SHOWN))
    ]
    return AdminJobAlone(**dict(card), attempts=attempts)


def retry_one(session: Session, resources: Resources, admin: User, job_id: UUID) -> tuple[Job, bool]:
    """Try any ended job again for its owner, by the owner's limits; raises JobNotFound, or what `retry_owned` does."""
    owner_id = _find(session, job_id).owner_id
    owner = admission.lock_owner(session, owner_id)
    job, is_reused = service.retry_owned(session, resources, owner, _find(session, job_id))
    if not is_reused:
        _record_retry(session, admin, job)
    return job, is_reused


def retry_many(session: Session, resources: Resources, admin: User, wanted: RetryJobs) -> RetriedJobs:
    """Try again what failed and is still the latest job of its document; nobody gets more than their own limits allow.

    Owners are locked in the order of their ids, so that two administrators cannot wait for each other.
    """
    found = session.exec(_worth_another_try(wanted).limit(wanted.limit + 1)).all()
    jobs, told = found[: wanted.limit], RetriedJobs(more=len(found) > wanted.limit)
    owners = {owner_id: admission.lock_owner(session, owner_id) for owner_id in sorted({job.owner_id for job in jobs})}
    for job in jobs:
        try:
            again, is_reused = service.retry_owned(session, resources, owners[job.owner_id], job)
            if not is_reused:
                _record_retry(session, admin, again)
            told.retried.append(RetriedJob(id=again.id, retry_of=job.id))
        except SheafError as error:
            told.refused.append(RefusedJob(id=job.id, code=error.code))
    return told


def _record_retry(session: Session, admin: User, again: Job) -> None:
    target, details = f"/admin/jobs/{again.retry_of}", {"again": str(again.id)}
    record(session, Deed.JOB_RETRIED, admin=admin, account_id=again.owner_id, target=target, details=details)


def _worth_another_try(wanted: RetryJobs) -> SelectOfScalar[Job]:
    state: Literal[JobState.FAILED, JobState.PARTIAL] = wanted.state
    jobs = all_jobs(state=state, kind=JobKind.EXTRACTION, owner_id=wanted.owner_id, code=wanted.code)
    if wanted.code is None:
        jobs = jobs.where(col(Job.error_retryable).is_not(False))
    if wanted.since is not None:
        jobs = jobs.where(col(Job.finished_at) >= wanted.since)
    return jobs.join(Document, col(Document.latest_job_id) == Job.id).order_by(col(Job.id))


def _find(session: Session, job_id: UUID) -> Job:
    job = session.get(Job, job_id, populate_existing=True)
    if job is None:
        raise JobNotFound("There is no job with this id.")
    return job

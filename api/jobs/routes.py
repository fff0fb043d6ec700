"""Routes of jobs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session

from api import admission, idempotency
from api.conditional import json_answer
from api.errors import responses
from api.idempotency import REPLAYED_HEADER, Once
from api.identity import DetachedUser
from api.jobs import service
from api.jobs.schemas import JobCard
from api.listing import Listing, Wanted, fetch, listing
from api.resources import Shared, Snapshot, Work
from shared.models import Job, JobState

MAX_WAIT_S = 30
RETRY_AFTER = {"Retry-After": "1"}
Wait = Annotated[float, Query(ge=0, le=MAX_WAIT_S, description="Seconds to hold the answer until something happens.")]
Rev = Annotated[int | None, Query(ge=0, description="With `wait`: answer as soon as the document's `rev` differs.")]
router = APIRouter(tags=["jobs"])


@router.get(
    "/jobs",
    operation_id="listJobs",
    summary="Your jobs, newest first",
    response_model=Listing[JobCard],
    responses=responses(),
)
def list_jobs(
    request: Request,
    user: DetachedUser,
    view: Snapshot,
    wanted: Wanted,
    state: JobState | None = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    jobs, total, following = fetch(view, service.own_jobs(user, state=state, kind=kind), wanted, key=Job.id)
    cards = service.job_cards(view, jobs)
    return json_answer(request, listing(wanted, cards, total=total, following=following))


@router.get(
    "/jobs/{job_id}",
    operation_id="getJob",
    summary="One job; with `wait`, once it is done",
    response_model=JobCard,
    responses=responses(service.JobNotFound),
)
async def get_job(
    request: Request, job_id: UUID, user: DetachedUser, resources: Shared, wait: Wait = 0, rev: Rev = None
) -> Response:
    def look() -> tuple[JobCard, int | None]:
        with resources.database.snapshot() as session:
            job = service.get_job(session, user, job_id)
            return service.job_card_alone(session, job), None if rev is None else service.document_rev(session, job)

    card, _ = await run_in_threadpool(look)
    if wait:
        card, _ = await resources.changes.until(
            look,
            key=card.document_id or job_id,
            satisfied=lambda seen: seen[0].done or (rev is not None and seen[1] != rev),
            progress=rev is not None,
            seconds=wait,
        )
    return json_answer(request, card, headers=None if card.done else RETRY_AFTER)


@router.post(
    "/jobs/{job_id}/cancel",
    operation_id="cancelJob",
    summary="Stop a job: at once while it waits, within 5 s while it runs",
    status_code=202,
    response_model=JobCard,
    responses={
        200: {"model": JobCard, "description": "It was canceled before."},
        **responses(service.JobNotFound, service.JobFinished),
    },
)
def cancel_job(request: Request, job_id: UUID, user: DetachedUser, work: Work) -> Response:
    job, was_canceled = service.cancel_job(work, user, job_id)
    (card,) = service.job_cards(work, [job])
    return json_answer(request, card, status=200 if was_canceled else 202, headers=None if card.done else RETRY_AFTER)


@router.post(
    "/jobs/{job_id}/retry",
    operation_id="retryJob",
    summary="Try an ended job again; pages already read are kept",
    status_code=202,
    response_model=JobCard,
    responses={
        202: {"headers": REPLAYED_HEADER},
        **responses(
            service.JobNotFound,
            service.JobNotFinished,
            service.NothingToRetry,
            admission.TooManyEmails,
            *admission.REFUSALS,
            *idempotency.REFUSALS,
        ),
    },
)
def retry_job(request: Request, job_id: UUID, user: DetachedUser, once: Once) -> Response:
    return once.answer(
        lambda session: queued_answer(request, session, *service.retry_job(session, once.resources, user, job_id))
    )


def queued_answer(request: Request, session: Session, job: Job, reused: bool) -> Response:  # noqa: FBT001 — what the rules return.
    """Answer with a job that was queued, or that was found open."""
    (card,) = service.job_cards(session, [job], reused=reused)
    return json_answer(request, card, status=202, headers={"Location": f"/jobs/{job.id}", **RETRY_AFTER})

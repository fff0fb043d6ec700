"""Routes by which administrators see queues and everybody's jobs, and try failed ones again."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import admission, idempotency
from api.accounts.routes import MAX_USER_ID
from api.admin import jobs, ledger
from api.admin.broker import queue_lengths
from api.admin.job_schemas import AdminJob, AdminJobAlone, BrokerCard, Queues, RetriedJobs, RetryJobs
from api.conditional import json_answer
from api.errors import responses
from api.idempotency import REPLAYED_HEADER, Once
from api.identity import Admin, AdminsOnly, DetachedAdmin
from api.jobs.routes import RETRY_AFTER
from api.jobs.service import JobNotFinished, JobNotFound, NothingToRetry
from api.listing import Listing, Wanted, fetch, listing
from api.resources import Resources, Shared, Work
from shared.models import Job, JobKind, JobState

OneJob = Annotated[UUID, Path(examples=["01994f3a-7c1e-7d11-9d0c-5b1c5f0c2a11"])]
router = APIRouter(prefix="/admin", tags=["administration"])


@router.get(
    "/queues",
    operation_id="getQueues",
    summary="Queues and workers: the ledger in Postgres beside the broker",
    responses=responses(AdminsOnly),
)
async def get_queues(_admin: DetachedAdmin, resources: Shared) -> Queues:
    found, lengths = await asyncio.gather(run_in_threadpool(_look, resources), queue_lengths(resources))
    for card in found.queues:
        card.broker_length = None if lengths is None else lengths[card.name]
    found.broker.reachable = lengths is not None
    return found


@router.get(
    "/jobs",
    operation_id="listAllJobs",
    summary="Everybody's jobs, newest first",
    responses=responses(AdminsOnly),
)
def list_all_jobs(
    _admin: Admin,
    work: Work,
    wanted: Wanted,
    state: JobState | None = None,
    kind: JobKind | None = None,
    owner_id: Annotated[int | None, Query(ge=1, le=MAX_USER_ID)] = None,
    code: Annotated[str | None, Query(max_length=60, description="The code of the error.")] = None,
) -> Listing[AdminJob]:
    found, total, following = fetch(
        work, jobs.all_jobs(state=state, kind=kind, owner_id=owner_id, code=code), wanted, key=Job.id
    )
    return listing(wanted, jobs.admin_cards(work, found), total=total, following=following)


@router.get(
    "/jobs/{job_id}",
    operation_id="getAnyJob",
    summary="Anybody's job, with its attempts",
    responses=responses(AdminsOnly, JobNotFound),
)
def get_any_job(job_id: OneJob, _admin: Admin, work: Work) -> AdminJobAlone:
    return jobs.look_at(work, job_id)


@router.post(
    "/jobs/{job_id}/retry",
    operation_id="retryAnyJob",
    summary="Try anybody's ended job again, for its owner; pages already read are kept",
    status_code=202,
    response_model=AdminJob,
    responses={
        202: {"headers": REPLAYED_HEADER},
        **responses(
            AdminsOnly,
            JobNotFound,
            JobNotFinished,
            NothingToRetry,
            admission.TooManyEmails,
            *admission.REFUSALS,
            *idempotency.REFUSALS,
        ),
    },
)
def retry_any_job(request: Request, job_id: OneJob, admin: DetachedAdmin, once: Once) -> Response:
    def work(session: Work) -> Response:
        job, is_reused = jobs.retry_one(session, once.resources, admin, job_id)
        (card,) = jobs.admin_cards(session, [job])
        card.reused = is_reused
        return json_answer(request, card, status=202, headers={"Location": f"/admin/jobs/{job.id}", **RETRY_AFTER})

    return once.answer(work)


@router.post(
    "/jobs/retry",
    operation_id="retryFailedJobs",
    summary="Try again what failed and nobody has tried again, up to 100 at once",
    status_code=202,
    response_model=RetriedJobs,
    responses={202: {"headers": REPLAYED_HEADER}, **responses(AdminsOnly, *idempotency.REFUSALS)},
)
def retry_failed_jobs(request: Request, admin: DetachedAdmin, once: Once, wanted: RetryJobs | None = None) -> Response:
    return once.answer(
        lambda session: json_answer(
            request, jobs.retry_many(session, once.resources, admin, wanted or RetryJobs()), status=202
        )
    )


def _look(resources: Resources) -> Queues:
    with resources.database.snapshot() as session:
        return Queues(
            queues=ledger.queue_cards(session),
            broker=BrokerCard(reachable=False),
            workers=ledger.worker_cards(session),
            dispatcher=ledger.dispatcher_card(session),
            failed_24h=ledger.failed_last_day(session),
        )

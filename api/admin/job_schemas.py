"""What administrators see of everybody's jobs, and what they say to try some again."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.accounts.schemas import Payload
from api.admin.ledger import DispatcherCard, QueueCard, WorkerCard
from api.jobs.schemas import JobCard
from shared.models import JobState

MAX_AT_ONCE = 100
LARGEST_ID = 2**31 - 1


class BrokerCard(BaseModel):
    reachable: bool


class Queues(BaseModel):
    """The ledger beside the broker."""

    queues: list[QueueCard]
    broker: BrokerCard
    workers: list[WorkerCard]
    dispatcher: DispatcherCard
    failed_24h: int = Field(description="Jobs that failed within the last 24 hours.")


class Owner(BaseModel):
    """Whose a job is."""

    id: int
    email: str = Field(examples=["ada@example.org"])
    name: str


class AttemptCard(BaseModel):
    """One run of one part of a job: by which worker, what it brought, and how it ended."""

    part_id: UUID
    first_page: int | None
    last_page: int | None
    attempt: int
    worker_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None = Field(description="Null while it runs.", examples=["succeeded"])
    pages_done: int
    signal: int | None = Field(description="What ended the sandbox, if a signal did.")
    peak_rss_mb: int | None
    cpu_s: float | None
    error_code: str | None
    error_page: int | None


class AdminJob(JobCard):
    """A job and whose it is; `request_id` stands in the log of every process that had to do with it."""

    owner: Owner
    request_id: str | None


class AdminJobAlone(AdminJob):
    """A job that is asked for by itself, with its latest attempts, newest first."""

    attempts: list[AttemptCard]


class RetryJobs(Payload):
    """Which extractions to try again; those whose documents were read anew since then stay as they are."""

    state: Literal[JobState.FAILED, JobState.PARTIAL] = JobState.FAILED
    code: str | None = Field(
        default=None,
        max_length=60,
        description="Only those with this error; without it, those whose error is worth another try.",
        examples=["worker_lost"],
    )
    owner_id: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    since: AwareDatetime | None = Field(default=None, description="Only those that ended then or later.")
    limit: int = Field(default=MAX_AT_ONCE, ge=1, le=MAX_AT_ONCE)


class RetriedJob(BaseModel):
    id: UUID
    retry_of: UUID


class RefusedJob(BaseModel):
    id: UUID
    code: str = Field(description="The limit of its owner that is used up.", examples=["too_many_open_jobs"])


class RetriedJobs(BaseModel):
    """What was queued, what was not, and whether there is more of it."""

    retried: list[RetriedJob] = []
    refused: list[RefusedJob] = []
    more: bool

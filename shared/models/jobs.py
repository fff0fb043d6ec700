"""Jobs as users see them, the parts that are dispatched, leased and fenced, their attempts, and the workers.

Their states stand in `shared/models/states.py`, and who changes them in `shared/lifecycle.py`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel, desc

from shared.clock import new_id
from shared.models.columns import later, moment, one_of
from shared.models.states import JobKind, JobState, PartState, Pool


class Job(SQLModel, table=True):
    """One piece of work a user asked for.

    `kind` is a JobKind; `settings` says how pages are read, which rendition is made, or what a mail is about.
    `page_ranges` is as in `shared.page_ranges`, None for all pages. `failed_pages` lists `{number, code}` once the job
    has ended, because a later job may read those pages again. `notify` is `email` when the owner wants to hear of the
    end, and `told_by` the mail that tells of it. `request_id` is that of the request from which it comes, by way of
    another job perhaps.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        one_of("state", JobState, name="jobs_state"),
        Index("jobs_newest", "owner_id", desc("id")),
        Index("jobs_of_document", "document_id", desc("id")),
        Index("jobs_open", "owner_id", postgresql_where=text("state IN ('queued', 'running')")),
        Index("jobs_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        Index("jobs_told_by", "told_by", postgresql_where=text("told_by IS NOT NULL")),
        Index("jobs_of_renditions", "finished_at", postgresql_where=text("kind IN ('rendering', 'information')")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner_id: int = Field(foreign_key="users.id")
    kind: str = JobKind.EXTRACTION
    document_id: UUID | None = Field(default=None, foreign_key="documents.id", ondelete="CASCADE")
    state: str = JobState.QUEUED
    settings: str
    options: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    page_ranges: str | None = None
    notify: str | None = None
    told_by: UUID | None = None
    request_id: str | None = None
    attempt: int = 0
    pages_total: int | None = None
    pages_done: int = 0
    pages_failed: int = 0
    failed_pages: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    error_code: str | None = None
    error_message: str | None = None
    error_retryable: bool | None = None
    retry_of: UUID | None = None
    cancel_requested_at: datetime | None = later()
    created_at: datetime = moment()
    started_at: datetime | None = later()
    finished_at: datetime | None = later()


class Part(SQLModel, table=True):
    """What is dispatched, leased and fenced: a page range of a job.

    The first part of a job has no range until it has opened the PDF and split it. `is_brief` parts are expected to take
    3 s or less. `attempt` is the fencing token: every write of a worker carries it. `strikes` counts attempts that
    ended badly without a new page; at `max_attempts` the part is given up. `dispatch_seq` tells a fresh message from a
    stale one.
    """

    __tablename__ = "parts"
    __table_args__ = (
        one_of("state", PartState, name="parts_state"),
        Index("parts_queued", "lane", "owner_id", desc("priority"), "id", postgresql_where=text("state = 'queued'")),
        Index("parts_inflight", "owner_id", postgresql_where=text("state IN ('dispatched', 'running')")),
        Index("parts_leased", "lease_until", postgresql_where=text("state IN ('dispatched', 'running')")),
        Index("parts_delayed", "run_after", postgresql_where=text("state = 'retry_wait'")),
        Index(
            "parts_deadline",
            "deadline_at",
            postgresql_where=text("deadline_at IS NOT NULL AND state IN ('queued', 'retry_wait')"),
        ),
        {"postgresql_with": {"fillfactor": 80, "autovacuum_vacuum_scale_factor": 0.02}},
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    job_id: UUID = Field(foreign_key="jobs.id", index=True, ondelete="CASCADE")
    owner_id: int
    first_page: int | None = None
    last_page: int | None = None
    is_brief: bool = False
    lane: int = Field(default=1, sa_type=SmallInteger)
    priority: int = Field(default=0, sa_type=SmallInteger)
    state: str = PartState.QUEUED
    attempt: int = 0
    strikes: int = Field(default=0, sa_type=SmallInteger)
    max_attempts: int = Field(default=3, sa_type=SmallInteger)
    dispatch_seq: int = 0
    dispatched_at: datetime | None = later()
    run_after: datetime | None = later()
    deadline_at: datetime | None = later()
    lease_until: datetime | None = later()
    worker_id: str | None = None
    boot_id: UUID | None = None
    cancel_requested_at: datetime | None = later()
    error_code: str | None = None
    error_message: str | None = None


class Turn(SQLModel, table=True):
    """When an owner last got a part dispatched in a lane, in the order of the sequence `turn_seq`."""

    __tablename__ = "turns"

    owner_id: int = Field(primary_key=True)
    lane: int = Field(primary_key=True, sa_type=SmallInteger)
    last_turn: int = Field(sa_type=BigInteger)


class Attempt(SQLModel, table=True):
    """One run of one part, with what became of it; `outcome` is None while it runs.

    `pages_done` counts the pages it recorded, those that failed included: both are progress.
    """

    __tablename__ = "attempts"
    __table_args__ = (Index("attempts_bad", "ended_at", postgresql_where=text("outcome IN ('lost', 'crashed')")),)

    part_id: UUID = Field(primary_key=True, foreign_key="parts.id", ondelete="CASCADE")
    attempt: int = Field(primary_key=True)
    worker_id: str
    started_at: datetime = moment()
    ended_at: datetime | None = later()
    outcome: str | None = None
    pages_done: int = 0
    exit_code: int | None = None
    signal: int | None = None
    peak_rss_mb: int | None = None
    cpu_s: float | None = None
    error_code: str | None = None
    error_message: str | None = None
    error_page: int | None = None


class Worker(SQLModel, table=True):
    """A worker process that is, or was, alive; `boot_id` tells its incarnations apart.

    It works for one Pool. The leading dispatcher has a row as well, with no slots.
    """

    __tablename__ = "workers"

    id: str = Field(primary_key=True)
    boot_id: UUID
    host: str
    pid: int
    slots: int
    pool: str = Pool.READERS
    started_at: datetime = moment()
    heartbeat_at: datetime = moment()

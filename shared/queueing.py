"""The beginning of a job: its row and that of its one part, queued in the caller's transaction."""

from datetime import timedelta

import structlog
from sqlmodel import Session

from shared.broker import Lane
from shared.clock import now
from shared.models import Job, Part, PartState
from shared.notices import ring


def queue(session: Session, job: Job, *, lane: Lane, priority: int = 0, after_s: float = 0) -> Part:
    """Queue a new job as one part and return the part; of an owner's parts those of higher priority go first.

    It is not dispatched before `after_s` seconds are over.
    """
    job.request_id = structlog.contextvars.get_contextvars().get("request_id")
    session.add(job)
    session.flush()  # The part's foreign key needs the job's row.
    is_brief = lane in (Lane.INTERACTIVE, Lane.EMAIL)
    part = Part(job_id=job.id, owner_id=job.owner_id, lane=lane, is_brief=is_brief, priority=priority)
    session.add(part)
    session.flush()  # Whoever asks for the place of the job, or sets a deadline, asks the database.
    if after_s:
        part.state, part.run_after = PartState.RETRY_WAIT, now() + timedelta(seconds=after_s)
    ring(session)
    return part

"""The kinds of jobs, who works on them, the states of jobs and parts, and the moves that exist.

Triggers in Postgres refuse all other moves. Every row begins as queued. A state without moves is terminal.
"""

from collections.abc import Mapping
from enum import StrEnum


class JobKind(StrEnum):
    """What a job does: read pages, draw one, find out what the document says of itself, or send a mail.

    The second and third make a rendition; all but the first have one part and leave the document's own state alone.
    """

    EXTRACTION = "extraction"
    RENDERING = "rendering"
    INFORMATION = "information"
    EMAIL = "email"


class Pool(StrEnum):
    """The workers that share the work of some lanes: those that open PDFs, and those that wait for mail servers."""

    READERS = "readers"
    MAILERS = "mailers"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def done(self) -> bool:
        return not JOB_MOVES[self]


class PartState(StrEnum):
    QUEUED = "queued"
    DISPATCHED = "dispatched"
    RUNNING = "running"
    RETRY_WAIT = "retry_wait"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD = "dead"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def done(self) -> bool:
        return not PART_MOVES[self]


JOB_MOVES: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FAILED, JobState.CANCELED}),
    JobState.RUNNING: frozenset({JobState.SUCCEEDED, JobState.PARTIAL, JobState.FAILED, JobState.CANCELED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.PARTIAL: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELED: frozenset(),
}
PART_MOVES: Mapping[PartState, frozenset[PartState]] = {
    PartState.QUEUED: frozenset({PartState.DISPATCHED, PartState.RETRY_WAIT, PartState.CANCELED, PartState.EXPIRED}),
    PartState.DISPATCHED: frozenset({PartState.RUNNING, PartState.QUEUED, PartState.CANCELED}),
    PartState.RUNNING: frozenset(
        {
            PartState.SUCCEEDED,
            PartState.FAILED,
            PartState.DEAD,
            PartState.RETRY_WAIT,
            PartState.QUEUED,
            PartState.CANCELED,
        }
    ),
    PartState.RETRY_WAIT: frozenset({PartState.QUEUED, PartState.CANCELED, PartState.EXPIRED}),
    PartState.SUCCEEDED: frozenset(),
    PartState.FAILED: frozenset(),
    PartState.DEAD: frozenset(),
    PartState.CANCELED: frozenset(),
    PartState.EXPIRED: frozenset(),
}

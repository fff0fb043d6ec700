"""The states of jobs and parts, and the moves between them that exist; triggers in Postgres refuse every other one.

Every row begins as queued. A state without moves is terminal.
"""

from collections.abc import Mapping
from enum import StrEnum


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
    PartState.QUEUED: frozenset({PartState.DISPATCHED, PartState.CANCELED, PartState.EXPIRED}),
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

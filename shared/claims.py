"""What dispatcher, workers and the lifecycle say to each other: messages, claims, failures and reports."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Failure:
    """Why a job, part or page ended badly: a stable code and a sentence with the next step."""

    code: str
    message: str


WORKER_LOST = Failure("worker_lost", "The worker stopped answering several times; try again.")
NOBODY_COULD_START = Failure("nobody_could_start", "No worker could start to read the PDF; try again later.")
DEADLINE_PASSED = Failure("deadline_passed", "The deadline passed before all was read; try again with a later one.")


@dataclass(frozen=True)
class Doorbell:
    """What a broker message says: look at this part, dispatched for the n-th time."""

    part_id: UUID
    dispatch_seq: int
    queue: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A part held by a worker; `attempt` is the fencing token that each of its writes carries.

    `is_split` says that the part has its page range; the first part of a job gets it once the PDF has been opened.
    """

    part_id: UUID
    attempt: int
    job_id: UUID
    document_id: UUID
    is_split: bool
    settings: str
    options: dict[str, Any] = field(compare=False)
    page_ranges: str | None
    blob_key: str
    password_sealed: bytes | None


@dataclass(frozen=True, kw_only=True)
class AttemptReport:
    """What the sandbox children of an attempt used and how the last of them ended."""

    exit_code: int | None = None
    signal: int | None = None
    peak_rss_mb: int | None = None
    cpu_s: float | None = None
    error_page: int | None = None


NOTHING_TO_REPORT = AttemptReport()

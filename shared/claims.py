"""What dispatcher, workers and the lifecycle say to each other: messages, claims, failures and reports."""

from collections.abc import Sequence
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
    """What a broker message says: look at this part, dispatched for the n-th time.

    Kind and job are for people who look at messages; who gets one asks the ledger.
    """

    part_id: UUID
    dispatch_seq: int
    queue: str
    kind: str
    job_id: UUID


@dataclass(frozen=True, kw_only=True)
class Held:
    """A part held by a worker; `attempt` is the fencing token that each of its writes carries.

    `request_id` is that of the job, for the log.
    """

    part_id: UUID
    attempt: int
    job_id: UUID
    request_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Claim(Held):
    """A part of a job that reads a document, with what is needed for it.

    `missing` are the pages of the part that still have to be read, in order; None for the first part of a job, which
    gets its range once the PDF has been opened.
    `is_repaired` says that the pages are those of the repaired copy, `is_untouched` that this is the first
    attempt and nobody had read any page with these settings when it began.
    """

    kind: str
    document_id: UUID
    missing: Sequence[int] | None = field(compare=False)
    is_untouched: bool
    settings: str
    options: dict[str, Any] = field(compare=False)
    page_ranges: str | None
    blob_key: str
    is_repaired: bool
    password_sealed: bytes | None


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What opening the PDF for a job's first part found; `repaired_because` is given when it had to be repaired."""

    page_count: int
    repaired_because: str | None = None


@dataclass(frozen=True, kw_only=True)
class AttemptReport:
    """What the sandbox children of an attempt used and how the last of them ended."""

    exit_code: int | None = None
    signal: int | None = None
    peak_rss_mb: int | None = None
    cpu_s: float | None = None
    error_page: int | None = None


NOTHING_TO_REPORT = AttemptReport()

"""What a check of the audit is: a sentence that holds, and the query that finds what breaks it."""

from dataclasses import dataclass, field
from typing import Any

from shared.models import JobState, PartState
from shared.workers import WORKER_ALIVE_S

SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Check:
    """One invariant as a query that anyone can run.

    `sql` selects one column, the ids of the `subjects` that break the `claim`; it may use the names that
    `Patience.given` binds. `meaning` says what a violation is, `advice` what to do about it.
    """

    invariant: str
    name: str
    claim: str
    subjects: str
    sql: str
    meaning: str
    advice: str


@dataclass(frozen=True)
class Finding:
    """What a check found: how many break it, and some of their ids, at most `SHOWN`."""

    check: Check
    count: int = 0
    ids: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return self.count == 0


@dataclass(frozen=True)
class Patience:
    """How long a healthy platform may take, by the database's clock.

    `grace_s` is for what is due at a moment: a lease is taken back 2 s after its end, a retry queued within 1 s.
    `stuck_s` is how long work may wait while nothing moves and slots are idle. `kept_days` is how long the attempts of
    ended jobs are kept (RETAIN_ATTEMPTS_DAYS), `erasing_h` how long bytes may lie that are to be erased.
    """

    grace_s: float = 60
    stuck_s: float = 300
    kept_days: int = 30
    erasing_h: int = 24

    def given(self) -> dict[str, Any]:
        """Return what the queries may refer to as `:name`."""
        return {
            **vars(self),
            "alive_s": WORKER_ALIVE_S,
            "job_states": list(JobState),
            "part_states": list(PartState),
        }

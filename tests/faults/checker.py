"""The checker: what became of everything promised, decided from the journal and the database, not from logs."""

import statistics
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from tests.faults.journal import Journal
from tests.faults.stage import Stage

STUCK_AFTER_S = 120.0
DONE = ("succeeded", "partial", "failed", "canceled")
JOBS_OF = """
    SELECT j.id::text, j.document_id::text, j.retry_of IS NOT NULL, j.state, d.sha256, u.email,
           (SELECT count(*) FROM parts p WHERE p.job_id = j.id),
           (SELECT count(*) FROM attempts a JOIN parts p ON p.id = part_id WHERE p.job_id = j.id),
           (SELECT coalesce(sum(pages_done), 0) FROM attempts a JOIN parts p ON p.id = part_id WHERE p.job_id = j.id),
           (SELECT count(*) FROM pages g WHERE g.job_id = j.id)
    FROM jobs j JOIN users u ON u.id = j.owner_id JOIN documents d ON d.id = j.document_id WHERE u.email LIKE %s"""
FIRST_SUCCESS = """
    SELECT extract(epoch FROM min(j.finished_at)) FROM jobs j JOIN users u ON u.id = j.owner_id
    WHERE u.email LIKE %s AND j.state = 'succeeded' AND j.finished_at > to_timestamp(%s)"""
RESUMED = """
    SELECT extract(epoch FROM max(following.started_at))
    FROM attempts hit JOIN parts p ON p.id = hit.part_id JOIN users u ON u.id = p.owner_id
    JOIN attempts following ON following.part_id = hit.part_id AND following.attempt = hit.attempt + 1
    WHERE u.email LIKE %s AND hit.outcome <> 'succeeded'
      AND hit.started_at <= to_timestamp(%s) AND hit.ended_at > to_timestamp(%s)"""


@dataclass(frozen=True)
class Fate:
    """One job as the database has it; its attempts say that they wrote `recorded` pages, and `stored` are there."""

    job_id: str
    document_id: str
    is_retry: bool
    state: str
    sha256: str
    email: str
    parts: int
    attempts: int
    recorded: int
    stored: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one fault did to one load."""

    accepted: int
    finished: int
    lost: int
    duplicated: int
    extra_runs: int
    stuck: int
    recovered_s: float | None
    worst_s: float
    p99_s: float
    unexpected: int
    states: dict[str, int]

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing doubled, nothing stuck: the target of every row."""
        return (self.lost, self.duplicated, self.stuck) == (0, 0, 0)

    def assert_clean(self) -> None:
        assert self.is_clean, self


def settle(stage: Stage, prefix: str, *, within_s: float = STUCK_AFTER_S) -> None:
    """Wait until nothing of these users is open, or so long that what is open counts as stuck."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not any(fate.state not in DONE for fate in fates(stage, prefix)):
            return
        time.sleep(0.5)


def fates(stage: Stage, prefix: str) -> list[Fate]:
    return [Fate(*row) for row in stage.ask(JOBS_OF, f"{prefix}-%")]


def judge(
    stage: Stage, prefix: str, journal: Journal, *, fault_at: float | None = None, erased: Collection[str] = ()
) -> Verdict:
    """Compare what was promised with what is there.

    `fault_at` is the moment (epoch) that recovery is counted from; `erased` are documents that their users deleted.
    """
    jobs = fates(stage, prefix)
    entries = journal.entries()
    promised = {entry.key: entry for entry in entries if entry.is_promise}
    by_id = {fate.job_id: fate for fate in jobs}
    took = sorted(entry.took_s for entry in entries if entry.status) or [0.0]
    return Verdict(
        accepted=len(promised),
        finished=sum(fate.state in DONE for fate in jobs),
        lost=sum(_is_lost(by_id.get(e.job_id)) for e in promised.values() if e.document_id not in erased),
        duplicated=_doubled_keys(journal) + _doubled_files(jobs) + _doubled_pages(jobs),
        extra_runs=sum(fate.attempts - fate.parts for fate in jobs if fate.attempts),
        stuck=sum(fate.state not in DONE for fate in jobs),
        recovered_s=recovery(stage, prefix, fault_at) if fault_at else None,
        worst_s=took[-1],
        p99_s=statistics.quantiles(took, n=100)[98] if len(took) > 1 else took[0],
        unexpected=sum(entry.status in (500, 502, 504) for entry in entries),
        states=dict(Counter(fate.state for fate in jobs)),
    )


def latency_s(journal: Journal, *, since: float = 0, until: float = float("inf")) -> float:
    """Return the 99th percentile of the answers to the prober between these moments."""
    took = [entry.took_s for entry in journal.entries() if entry.verb == "look" and since <= entry.began < until]
    return statistics.quantiles(took, n=100)[98]


def recovery(stage: Stage, prefix: str, fault_at: float) -> float | None:
    """Return the seconds to the first new success and to the next attempt of everything that the fault interrupted."""
    (resumed,) = stage.ask(RESUMED, f"{prefix}-%", fault_at, fault_at)[0]
    first = first_success(stage, prefix, fault_at)
    return None if first is None else round(max(first, float(resumed or 0) - fault_at), 1)


def first_success(stage: Stage, prefix: str, fault_at: float) -> float | None:
    """Return the seconds to the first new success; None: there was none."""
    (first,) = stage.ask(FIRST_SUCCESS, f"{prefix}-%", fault_at)[0]
    return None if first is None else float(first) - fault_at


def _is_lost(fate: Fate | None) -> bool:
    return fate is None or fate.state not in DONE


def _doubled_keys(journal: Journal) -> int:
    """Count keys that were answered with more than one job."""
    jobs: dict[str, set[str]] = {}
    for entry in journal.promises():
        jobs.setdefault(entry.key, set()).add(entry.job_id)
    return sum(len(found) > 1 for found in jobs.values())


def _doubled_files(jobs: list[Fate]) -> int:
    """Count jobs beyond the first for one user's file: every file is sent under one key only."""
    counts = Counter((fate.email, fate.sha256) for fate in jobs if not fate.is_retry)
    return sum(count - 1 for count in counts.values())


def _doubled_pages(jobs: list[Fate]) -> int:
    """Count jobs whose attempts wrote more, or other, pages than there are."""
    return sum(fate.recorded != fate.stored for fate in jobs if fate.state == "succeeded")

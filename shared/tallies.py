"""What metrics count: the leading dispatcher adds up what has ended, and every API process reads the same numbers.

Each row of the ledger is counted exactly once, because the numbers and the time until which all is counted are written
by one transaction (ADR 24). What is deleted before that, within half a minute of its end, is not counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from shared.page_content import OTHER_SETTINGS

LATE_S = 15
WAITS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
PAGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
# What every statement begins with; Postgres reads only what the rest of it names.
FOUND = """
    WITH ended AS MATERIALIZED (
        SELECT id, kind, state, error_code, created_at, started_at, finished_at FROM jobs
        WHERE finished_at > :after AND finished_at <= :until),
    tried AS (
        SELECT kind, attempts.* FROM ended JOIN parts ON job_id = ended.id JOIN attempts ON part_id = parts.id),
    gone_bad AS (
        SELECT * FROM attempts WHERE outcome IN ('lost', 'crashed') AND ended_at > :after AND ended_at <= :until)"""


@dataclass(frozen=True)
class Count:
    """A number that is kept for each combination of its labels; `rows` gives the labels and an `amount` of each."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    rows: str


@dataclass(frozen=True)
class Spread(Count):
    """How durations are spread over buckets with these upper bounds; `rows` gives `seconds` as well."""

    buckets: tuple[float, ...]


class Told(NamedTuple):
    """One number as it is kept; of a spread, the amount in one bucket or, under the name with `_sum`, all seconds."""

    name: str
    labels: dict[str, str]
    value: float


COUNTS = (
    Count("jobs_ended", "Jobs that ended.", ("kind", "state"), "SELECT kind, state, 1 AS amount FROM ended"),
    Count(
        "job_errors",
        "Jobs that ended with an error, by its code.",
        ("kind", "code"),
        "SELECT kind, error_code AS code, 1 AS amount FROM ended WHERE error_code IS NOT NULL",
    ),
    Count(
        "pages_read",
        "Pages that were read: by the engine, by pdfplumber in its stead, or with settings only pdfplumber has.",
        ("reader",),
        """SELECT CASE WHEN plain_because IS NULL THEN 'engine' WHEN plain_because = :other THEN 'other_settings'
                  ELSE 'pdfplumber' END AS reader, 1 AS amount
           FROM ended JOIN pages ON job_id = ended.id WHERE pages.error_code IS NULL""",
    ),
    Count(
        "pages_failed",
        "Pages that could not be read, by the code of the error.",
        ("code",),
        """SELECT pages.error_code AS code, 1 AS amount
           FROM ended JOIN pages ON job_id = ended.id WHERE pages.error_code IS NOT NULL""",
    ),
    Count(
        "attempts_ended",
        "Attempts at parts of ended jobs.",
        ("outcome",),
        "SELECT coalesce(outcome, 'unknown') AS outcome, 1 AS amount FROM tried",
    ),
    Count(
        "sandbox_deaths",
        "Attempts whose sandbox died, by the code of the error and the signal.",
        ("code", "signal"),
        """SELECT coalesce(error_code, 'unknown') AS code, coalesce(CAST(signal AS text), 'none') AS signal, 1 AS amount
           FROM gone_bad WHERE outcome = 'crashed'""",
    ),
    Count(
        "leases_lost",
        "Parts that were taken back because their worker fell silent.",
        (),
        "SELECT 1 AS amount FROM gone_bad WHERE outcome = 'lost'",
    ),
    Spread(
        "job_seconds",
        "From the acceptance of a job to its end.",
        ("kind",),
        "SELECT kind, greatest(0, extract(epoch FROM finished_at - created_at)) AS seconds, 1 AS amount FROM ended",
        WAITS,
    ),
    Spread(
        "queue_wait_seconds",
        "From the acceptance of a job to its first claim by a worker.",
        ("kind",),
        """SELECT kind, greatest(0, extract(epoch FROM started_at - created_at)) AS seconds, 1 AS amount
           FROM ended WHERE started_at IS NOT NULL""",
        WAITS,
    ),
    Spread(
        "page_seconds",
        "Of each page that was read, the mean of the attempt that read it.",
        (),
        """SELECT extract(epoch FROM ended_at - started_at) / pages_done AS seconds, pages_done AS amount
           FROM tried WHERE kind = 'extraction' AND pages_done > 0 AND ended_at IS NOT NULL""",
        PAGES,
    ),
)


def count(session: Session, *, late_s: float = LATE_S) -> int:
    """Count what ended since the last time, but not what ended just now, and return how many jobs that were.

    A time of an end is older than its commit. So nothing is counted that is younger than a transaction that still
    writes, and the grace is for those that have not begun to.
    """
    after = session.execute(text("SELECT until FROM tallied FOR UPDATE")).scalar_one()
    statement = """
        SELECT least(now() - make_interval(secs => :late), min(xact_start)) FROM pg_stat_activity
        WHERE backend_xid IS NOT NULL AND datname = current_database() AND pid <> pg_backend_pid()"""
    until = session.execute(text(statement), {"late": late_s}).scalar_one()
    if until <= after:
        return 0
    for each in COUNTS:
        _add(session, each, after=after, until=until)
    session.execute(text("UPDATE tallied SET until = :until"), {"until": until})
    ended = "SELECT count(*) FROM jobs WHERE finished_at > :after AND finished_at <= :until"
    return int(session.execute(text(ended), {"after": after, "until": until}).scalar_one())


def tell(session: Session) -> list[Told]:
    """Return all that has been counted."""
    return [Told._make(row) for row in session.execute(text("SELECT name, labels, value FROM tallies"))]


def _add(session: Session, what: Count, *, after: datetime, until: datetime) -> None:
    for name, labels, amount, given in _sums(what):
        statement = f"""{FOUND}
            INSERT INTO tallies (name, labels, value)
            SELECT '{name}', {labels}, {amount} FROM ({what.rows}) AS found GROUP BY 2
            ON CONFLICT (name, labels) DO UPDATE SET value = tallies.value + excluded.value"""  # noqa: S608 — our own text.
        session.execute(text(statement), {"after": after, "until": until, "other": OTHER_SETTINGS, **given})


def _sums(what: Count) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Say under which names and labels what is added up."""
    pairs = [f"'{label}', {label}" for label in what.labels]
    labels = f"jsonb_build_object({', '.join(pairs)})"
    if not isinstance(what, Spread):
        yield what.name, labels, "sum(amount)", {}
        return
    bucket = "'bucket', width_bucket(CAST(seconds AS float8), CAST(:buckets AS float8[]))"
    within = f"jsonb_build_object({', '.join([*pairs, bucket])})"
    yield what.name, within, "sum(amount)", {"buckets": [float(bound) for bound in what.buckets]}
    yield f"{what.name}_sum", labels, "sum(seconds * amount)", {}

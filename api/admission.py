"""Who may add work: limits of one owner and of the whole installation, asked before a body is read and when it counts.

Before the first byte of a body an upload is judged by what holds for every new one: space on the disk, the backlog of
the installation, and its announced length against the owner's quota. A key that was answered already lets it pass the
last two, because a replay makes nothing new. Whether the bytes repeat a document is known only afterwards; so a
duplicate may be sent away while the installation is full, but never because of the owner's own open jobs: those are
counted in the transaction that accepts a new job, where all limits are asked again under the lock on the owner.
"""

from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from api.resources import Resources
from shared.errors import QuotaExceeded, TooManyRequests, Unavailable

OWNER_PATIENCE_S = 60
INSTALLATION_PATIENCE_S = 300


class TooManyOpenJobs(TooManyRequests):
    """You have too many jobs that have not ended."""

    code = "too_many_open_jobs"


class BacklogFull(Unavailable):
    """Too many jobs wait in this installation."""

    code = "backlog_full"


REFUSALS = (TooManyOpenJobs, BacklogFull, QuotaExceeded)


class Owner(NamedTuple):
    """An account whose row is locked; sizes in bytes, a quota of None is none."""

    id: int
    storage_used: int
    storage_quota: int | None


def lock_owner(session: Session, owner_id: int) -> Owner:
    """Make this owner's accepts follow one another; the first lock of a transaction (user, job, part, document)."""
    statement = "SELECT id, storage_used, storage_quota FROM users WHERE id = :id FOR NO KEY UPDATE"
    return Owner._make(session.execute(text(statement), {"id": owner_id}).one())


def admit_job(session: Session, resources: Resources, owner: Owner) -> None:
    """Allow one new job; raises TooManyOpenJobs or BacklogFull."""
    _check_open_jobs(session, owner, limit=resources.settings.max_open_jobs)
    if not resources.backlog.admit(session):
        raise _backlog_full(session)


def admit_bytes(owner: Owner, size: int) -> None:
    """Allow a new document of `size` bytes; raises QuotaExceeded."""
    if owner.storage_quota is not None and owner.storage_used + size > owner.storage_quota:
        left = max(0, owner.storage_quota - owner.storage_used)
        raise QuotaExceeded(f"{left} bytes of your {owner.storage_quota} are free; delete documents, or ask for more.")


def refuse_early(session: Session, resources: Resources, owner: Owner, *, at_least: int) -> None:
    """Refuse what cannot be accepted before its body is read; `at_least` is what the file must measure in bytes."""
    if resources.backlog.is_full(session):
        raise _backlog_full(session)
    admit_bytes(owner, at_least)


def _check_open_jobs(session: Session, owner: Owner, *, limit: int) -> None:
    statement = """
        SELECT count(*) FROM (
            SELECT 1 FROM jobs WHERE owner_id = :owner AND state IN ('queued', 'running') LIMIT :limit) AS open"""
    if session.execute(text(statement), {"owner": owner.id, "limit": limit}).scalar_one() >= limit:
        wait = _seconds_for_one(_ended_last_minute(session, owner.id), patience=OWNER_PATIENCE_S)
        detail = f"{limit} of your jobs have not ended; wait for one of them, or cancel some."
        raise TooManyOpenJobs(detail, retry_after=wait)


def _backlog_full(session: Session) -> BacklogFull:
    wait = _seconds_for_one(_ended_last_minute(session), patience=INSTALLATION_PATIENCE_S)
    return BacklogFull("The queue of this installation is full; try again later.", retry_after=wait)


def _ended_last_minute(session: Session, owner_id: int | None = None) -> int:
    """Count the jobs, of one owner or of all, that ended within the last minute."""
    statement = "SELECT count(*) FROM jobs WHERE finished_at > now() - interval '1 minute'"
    if owner_id is not None:
        statement += " AND owner_id = :owner"
    return int(session.execute(text(statement), {"owner": owner_id}).scalar_one())


def _seconds_for_one(ended_last_minute: int, *, patience: float) -> float:
    return min(patience, max(1.0, 60 / ended_last_minute)) if ended_last_minute else patience

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
from shared import emails
from shared.errors import QuotaExceeded, TooManyRequests, Unavailable
from shared.models import User
from shared.settings import Settings

OWNER_PATIENCE_S = 60
INSTALLATION_PATIENCE_S = 300


class TooManyOpenJobs(TooManyRequests):
    """You have too many jobs that have not ended."""

    code = "too_many_open_jobs"


class BacklogFull(Unavailable):
    """Too many jobs wait in this installation."""

    code = "backlog_full"


class DailyPagesUsed(TooManyRequests):
    """You have had as many pages read as your account may within 24 hours."""

    code = "daily_pages_used"


class TooManyEmails(TooManyRequests):
    """You sent too many mails within the last hour."""

    code = "too_many_emails"


REFUSALS = (TooManyOpenJobs, DailyPagesUsed, BacklogFull, QuotaExceeded)


class Owner(NamedTuple):
    """An account whose row is locked when it counts; sizes in bytes, a quota of None is none."""

    id: int
    storage_used: int
    storage_quota: int | None
    pages_per_day: int | None = None
    open_jobs: int | None = None


class LastDay(NamedTuple):
    """The pages of the jobs of the last 24 hours, and in how many seconds the oldest of these is older."""

    pages: int
    until_less_s: float


def lock_owner(session: Session, owner_id: int) -> Owner:
    """Make this owner's accepts follow one another; the first lock of a transaction (user, job, part, document)."""
    statement = """
        SELECT id, storage_used, storage_quota, pages_per_day, open_jobs FROM users WHERE id = :id FOR NO KEY UPDATE"""
    return Owner._make(session.execute(text(statement), {"id": owner_id}).one())


def owner_of(user: User) -> Owner:
    """Return what is known of an owner without a lock."""
    return Owner(user.id or 0, user.storage_used, user.storage_quota, user.pages_per_day, user.open_jobs)


def admit_job(session: Session, resources: Resources, owner: Owner) -> None:
    """Allow one new job; raises TooManyOpenJobs, DailyPagesUsed or BacklogFull."""
    _check_open_jobs(session, owner, limit=open_jobs_limit(owner, resources.settings))
    _check_daily_pages(session, owner)
    if not resources.backlog.admit(session):
        raise _backlog_full(session)


def admit_email(session: Session, resources: Resources, owner: Owner) -> None:
    """Allow one more mail that its owner asked for; raises TooManyEmails, or what `admit_job` raises."""
    limit = resources.settings.emails_per_hour
    statement = """
        SELECT extract(epoch FROM created_at + interval '1 hour' - now()) FROM emails
        WHERE owner_id = :owner AND created_at > now() - interval '1 hour' AND event_key IS NULL
          AND template = ANY(:templates)
        ORDER BY created_at DESC OFFSET :before LIMIT 1"""
    given = {"owner": owner.id, "templates": [str(each) for each in emails.BY_REQUEST], "before": limit - 1}
    wait = session.execute(text(statement), given).scalar()
    if wait is not None and resources.settings.rate_limits == "on":
        raise TooManyEmails(f"{limit} mails an hour may be sent by one account; wait a while.", retry_after=float(wait))
    admit_job(session, resources, owner)


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


def open_jobs_limit(owner: Owner, settings: Settings) -> int:
    """Return how many jobs of this owner may be open: the owner's own quota, but never more than anybody may have."""
    return min(settings.max_open_jobs, settings.max_open_jobs if owner.open_jobs is None else owner.open_jobs)


def count_open_jobs(session: Session, owner: Owner, *, at_most: int) -> int:
    """Count what has not ended; mails have a limit of their own, and some go out without being asked for."""
    statement = """
        SELECT count(*) FROM (
            SELECT 1 FROM jobs
            WHERE owner_id = :owner AND kind <> 'email' AND state IN ('queued', 'running') LIMIT :limit) AS open"""
    return int(session.execute(text(statement), {"owner": owner.id, "limit": at_most}).scalar_one())


def pages_of_last_day(session: Session, owner: Owner) -> LastDay:
    """Count the pages of this owner's jobs of the last 24 hours; a job whose pages nobody has counted yet is one."""
    statement = """
        SELECT coalesce(sum(coalesce(pages_total, 1)), 0),
               coalesce(extract(epoch FROM min(created_at) + interval '1 day' - now()), 0)
        FROM jobs WHERE owner_id = :owner AND kind = 'extraction' AND created_at > now() - interval '1 day'"""
    pages, until_less_s = session.execute(text(statement), {"owner": owner.id}).one()
    return LastDay(int(pages), float(until_less_s))


def _check_open_jobs(session: Session, owner: Owner, *, limit: int) -> None:
    if count_open_jobs(session, owner, at_most=limit) >= limit:
        wait = _seconds_for_one(_ended_last_minute(session, owner.id), patience=OWNER_PATIENCE_S)
        detail = f"{limit} of your jobs have not ended; wait for one of them, or cancel some."
        raise TooManyOpenJobs(detail, retry_after=wait)


def _check_daily_pages(session: Session, owner: Owner) -> None:
    """The count of a document is known only once it is opened, so the last one may pass the limit."""
    if owner.pages_per_day is None:
        return
    used = pages_of_last_day(session, owner)
    if used.pages >= owner.pages_per_day:
        detail = f"{used.pages} of your {owner.pages_per_day} pages are used; come back later, or ask for more."
        raise DailyPagesUsed(detail, retry_after=max(1.0, used.until_less_s))


def _backlog_full(session: Session) -> BacklogFull:
    wait = _seconds_for_one(_ended_last_minute(session), patience=INSTALLATION_PATIENCE_S)
    return BacklogFull("The queue of this installation is full; try again later.", retry_after=wait)


def _ended_last_minute(session: Session, owner_id: int | None = None) -> int:
    """Count the jobs, of one owner or of all, that ended within the last minute."""
    statement = "SELECT count(*) FROM jobs WHERE kind <> 'email' AND finished_at > now() - interval '1 minute'"
    if owner_id is not None:
        statement += " AND owner_id = :owner"
    return int(session.execute(text(statement), {"owner": owner_id}).scalar_one())


def _seconds_for_one(ended_last_minute: int, *, patience: float) -> float:
    return min(patience, max(1.0, 60 / ended_last_minute)) if ended_last_minute else patience

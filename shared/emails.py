"""Mails on their way into the queue: they commit with what they tell of, and are sent by workers of their own.

What becomes of them after that stands in `shared/delivery.py`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared.broker import Lane
from shared.models import Document, Email, Job, JobKind, JobState, User
from shared.news import lock_news
from shared.notices import ring
from shared.queueing import queue

ACCOUNT_PRIORITY = 1  # Somebody waits for the link in it.
GATHER_S = 600.0
NOTICES_AT_ONCE = 5  # So many within an hour; then they are gathered, although nothing else is open.
LISTED = 100  # So many documents are named in one mail; the others are only counted.


class Template(StrEnum):
    """What a mail says; each but the letter has its words in `worker/emails/templates/`."""

    LETTER = "letter"
    JOB_DONE = "job_done"
    VERIFY_ADDRESS = "verify_address"
    RESET_PASSWORD = "reset_password"  # noqa: S105 — A template, not a secret.


BY_REQUEST = (Template.LETTER, Template.JOB_DONE)
ABOUT_ACCOUNTS = (Template.VERIFY_ADDRESS, Template.RESET_PASSWORD)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A mail as it is queued: to one address, on behalf of its owner, with what its template is to be filled with.

    `secret_sealed` is more of that, as JSON, sealed with the purpose EMAIL. `event_key` names the event that is told of
    by no more than one mail. `after_s` is how long it is to wait before it is sent.
    """

    owner_id: int
    to: str
    template: Template
    params: dict[str, Any] = field(default_factory=dict)
    secret_sealed: bytes | None = None
    document_id: UUID | None = None
    event_key: str | None = None
    retry_of: UUID | None = None
    after_s: float = 0


def queue_email(session: Session, draft: Draft) -> Job:
    """Queue a mail as a job with one part; the caller's transaction makes it a promise."""
    job = Job(
        owner_id=draft.owner_id,
        kind=JobKind.EMAIL,
        document_id=draft.document_id,
        settings=draft.template,
        retry_of=draft.retry_of,
    )
    priority = 0 if draft.template in BY_REQUEST else ACCOUNT_PRIORITY
    queue(session, job, lane=Lane.EMAIL, priority=priority, after_s=draft.after_s)
    session.add(
        Email(
            job_id=job.id,
            owner_id=draft.owner_id,
            event_key=draft.event_key,
            to_address=draft.to,
            template=draft.template,
            params=draft.params,
            secret_sealed=draft.secret_sealed,
        )
    )
    return job


def queue_again(session: Session, job: Job) -> Job:
    """Queue what a failed or canceled job should have sent as a new mail; one that was sent has no content any more."""
    email = session.exec(select(Email).where(Email.job_id == job.id)).one()
    draft = Draft(
        owner_id=email.owner_id,
        to=email.to_address,
        template=Template(email.template),
        params=email.params,
        secret_sealed=email.secret_sealed,
        document_id=job.document_id,
        retry_of=job.id,
    )
    return queue_email(session, draft)


def tell_of_end(session: Session, job: Job) -> None:
    """Have a mail tell the owner of a job's end, once, in the transaction that ends it.

    While others that are to be told of are open, ends are gathered: their mail waits for the last of them, or for
    GATHER_S; and for that in any case when mails have become many. The owner's counter of news lets one teller after
    the other decide.
    """
    lock_news(session, [job.owner_id])
    gathering = _gathering(session, job.owner_id)
    may_go = not _has_others_open(session, job) and not _was_told_often(session, job.owner_id)
    owner = session.get_one(User, job.owner_id)
    if owner.is_active and job.told_by is None and job.state != JobState.CANCELED:
        is_alone = may_go and gathering is None
        job.told_by = gathering or _queue_notice(session, job, owner, after_s=0 if is_alone else GATHER_S)
    if may_go and gathering is not None:
        _end_gathering(session, gathering)


def _queue_notice(session: Session, job: Job, owner: User, *, after_s: float) -> UUID:
    draft = Draft(
        owner_id=job.owner_id,
        to=owner.email,
        template=Template.JOB_DONE,
        document_id=None if after_s else job.document_id,
        event_key=f"job:{job.id}:done",
        after_s=after_s,
    )
    mail = queue_email(session, draft)
    session.flush()
    return session.exec(select(Email.id).where(Email.job_id == mail.id)).one()


def _gathering(session: Session, owner_id: int) -> UUID | None:
    """Return the owner's mail that still waits for more to tell of, and keep it from being sent before the commit."""
    statement = """
        SELECT e.id FROM emails e JOIN parts p ON p.job_id = e.job_id
        WHERE e.owner_id = :owner AND e.created_at > now() - make_interval(secs => :gather) AND e.event_key IS NOT NULL
          AND p.state = 'retry_wait' AND p.attempt = 0
        LIMIT 1 FOR SHARE OF p SKIP LOCKED"""
    found: UUID | None = session.execute(text(statement), {"owner": owner_id, "gather": GATHER_S}).scalar()
    return found


def _has_others_open(session: Session, job: Job) -> bool:
    statement = """
        SELECT EXISTS (SELECT FROM jobs WHERE owner_id = :owner AND state IN ('queued', 'running')
                       AND notify = 'email' AND id <> :job)"""
    return bool(session.execute(text(statement), {"owner": job.owner_id, "job": job.id}).scalar_one())


def _was_told_often(session: Session, owner_id: int) -> bool:
    statement = """
        SELECT count(*) >= :enough FROM emails
        WHERE owner_id = :owner AND created_at > now() - interval '1 hour' AND event_key IS NOT NULL"""
    return bool(session.execute(text(statement), {"owner": owner_id, "enough": NOTICES_AT_ONCE}).scalar_one())


def _end_gathering(session: Session, email_id: UUID) -> None:
    statement = """
        UPDATE parts SET run_after = now() WHERE state = 'retry_wait' AND attempt = 0 AND run_after > now()
               AND job_id = (SELECT job_id FROM emails WHERE id = :id)"""
    session.execute(text(statement), {"id": email_id})
    ring(session)


def told_by(session: Session, email: Email) -> dict[str, Any]:
    """Return what a mail says of the jobs that it tells of: those that went wrong first.

    Of documents that were deleted meanwhile nothing is left to tell.
    """
    statement = (
        select(Job, Document)
        .join(Document, col(Document.id) == Job.document_id)
        .where(Job.told_by == email.id)
        .order_by(col(Job.state) == JobState.SUCCEEDED, col(Job.id))
    )
    return news_of(session.exec(statement).all())


def news_of(ends: Sequence[tuple[Job, Document]]) -> dict[str, Any]:
    """Return what a mail about these jobs and their documents is filled with."""
    counts = Counter(str(job.state) for job, _ in ends)
    return {"jobs": [_facts(job, document) for job, document in ends[:LISTED]], "counts": dict(counts)}


def _facts(job: Job, document: Document) -> dict[str, Any]:
    return {
        "filename": document.filename,
        "document": str(document.id),
        "state": str(job.state),
        "page_count": document.page_count,
        "pages_failed": job.pages_failed,
        "table_count": document.table_count,
        "error": job.error_message,
    }


def is_paused(session: Session) -> bool:
    """Say whether the mail server is to be left alone now."""
    return bool(session.execute(text("SELECT EXISTS (SELECT FROM mail_pauses WHERE until > now())")).scalar_one())


def forget_old(session: Session, *, days: int, limit: int = 1000) -> int:
    """Delete mails with their jobs that ended so many days ago, and suppressions that are over; return how many."""
    session.execute(text("DELETE FROM suppressed_addresses WHERE until < now()"))
    session.execute(text("DELETE FROM mail_pauses WHERE until < now() - interval '1 day'"))
    statement = """
        DELETE FROM jobs WHERE id IN (
            SELECT id FROM jobs WHERE kind = 'email' AND finished_at < now() - make_interval(days => :days)
            LIMIT :limit FOR UPDATE SKIP LOCKED)
        RETURNING id"""
    return len(session.execute(text(statement), {"days": days, "limit": limit}).all())

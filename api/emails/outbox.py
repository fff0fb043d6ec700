"""What administrators see of all mails: to whom, in which state, and what the mail server said."""

from collections.abc import Sequence

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.emails.schemas import OutboxItem
from shared.models import Email, Job, JobState


def all_emails(state: JobState | None) -> SelectOfScalar[Email]:
    statement = select(Email)
    if state:
        statement = statement.join(Job, col(Job.id) == Email.job_id).where(Job.state == state)
    return statement


def outbox_items(session: Session, emails: Sequence[Email]) -> list[OutboxItem]:
    """Render mails with one query for all of their jobs."""
    statement = select(Job).where(col(Job.id).in_([email.job_id for email in emails]))
    jobs = {job.id: job for job in session.exec(statement)}
    return [_item(email, jobs[email.job_id]) for email in emails]


def _item(email: Email, job: Job) -> OutboxItem:
    kept = email.model_dump(include=set(OutboxItem.model_fields))
    return OutboxItem(**kept, to=email.to_address, state=JobState(job.state), attempt=job.attempt)

"""The locks of rows, and their order: user, job, part, document, page, message, counter of news.

Whoever changes a running part, or ends one, locks its job first: the job's row is the mutex of its parts. Pages of one
document come from several jobs, so whoever writes one holds the document.
"""

from typing import TypeVar
from uuid import UUID

from sqlmodel import Session, select

from shared.models import Document, Job, Part

Locked = TypeVar("Locked", Job, Document)


def lock(session: Session, model: type[Locked], key: UUID) -> Locked:
    """Lock a row against other writers, but not against new rows that refer to it: that could deadlock."""
    return session.get_one(model, key, with_for_update={"key_share": True}, populate_existing=True)


def find_and_lock(session: Session, model: type[Locked], key: UUID) -> Locked | None:
    """Lock a row as `lock` does; None when it is gone."""
    return session.get(model, key, with_for_update={"key_share": True}, populate_existing=True)


def find_and_lock_job_of(session: Session, part_id: UUID) -> Job | None:
    """Lock and return a part's job; None when the part is gone."""
    job_id = select(Part.job_id).where(Part.id == part_id).scalar_subquery()
    statement = select(Job).where(Job.id == job_id).with_for_update(key_share=True)
    return session.exec(statement, execution_options={"populate_existing": True}).first()

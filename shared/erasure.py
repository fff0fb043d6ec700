"""Erasing documents: with their jobs, pages and bytes, on request and when their time is over."""

from sqlalchemy import text
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from shared import renditions, unowned
from shared.database import Database
from shared.models import Document, Job, Part
from shared.notices import ring, touch

AT_ONCE = 100


def erase_document(session: Session, document: Document) -> list[str]:
    """Delete a document with its jobs, pages and renditions; return the keys of its blobs, unowned from now on.

    A worker that reads it finds its claim gone with its next beat, stops, and writes nothing more. The rows are locked
    in the order of `shared/lifecycle.py` first, because the cascade would take them in another one.
    """
    _lock_owner(session, document.owner_id)
    jobs = select(Job.id).where(Job.document_id == document.id).order_by(col(Job.id))
    job_ids = session.exec(jobs.with_for_update()).all()
    session.exec(select(Part.id).where(col(Part.job_id).in_(job_ids)).order_by(col(Part.id)).with_for_update()).all()
    touch(session, document.id)
    unowned.disown(session, document.blob_key)
    blobs = [document.blob_key, *renditions.disown_all(session, document.id)]
    session.delete(document)
    ring(session)
    return blobs


def erase_old_documents(database: Database, *, days: int) -> int:
    """Erase documents whose latest job ended so many days ago, and return how many."""
    with database.unit_of_work() as session:
        old = session.exec(_old_documents(days).limit(AT_ONCE)).all()
    return sum(_erase_if_old(database, document, days=days) for document in old)


def _erase_if_old(database: Database, document: Document, *, days: int) -> bool:
    """Erase a document unless its owner has brought it back meanwhile: it is looked at again under the owner's lock."""
    with database.unit_of_work() as session:
        _lock_owner(session, document.owner_id)
        found = session.exec(_old_documents(days).where(Document.id == document.id)).first()
        if found is None:
            return False
        erase_document(session, found)
        return True


def _old_documents(days: int) -> SelectOfScalar[Document]:
    age = text("jobs.finished_at < now() - make_interval(days => :days)").bindparams(days=days)
    return select(Document).join(Job, col(Job.id) == Document.latest_job_id).where(age)


def _lock_owner(session: Session, owner_id: int) -> None:
    session.execute(text("SELECT 1 FROM users WHERE id = :id FOR NO KEY UPDATE"), {"id": owner_id})


def forget_attempts(session: Session, *, days: int) -> int:
    """Delete what is known of the attempts of jobs that ended so many days ago, and return how many."""
    statement = """
        DELETE FROM attempts WHERE (part_id, attempt) IN (
            SELECT a.part_id, a.attempt FROM attempts a JOIN parts p ON p.id = a.part_id JOIN jobs j ON j.id = p.job_id
            WHERE j.finished_at < now() - make_interval(days => :days) LIMIT :limit FOR UPDATE OF a SKIP LOCKED)
        RETURNING part_id"""
    return len(session.execute(text(statement), {"days": days, "limit": 10 * AT_ONCE}).all())

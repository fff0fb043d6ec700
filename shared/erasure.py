"""Erasing documents: with their jobs, pages and bytes, on request and when their time is over."""

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared import unowned
from shared.database import Database
from shared.models import Document, Job, Part
from shared.notices import ring, touch

AT_ONCE = 100


def erase_document(session: Session, document: Document) -> str:
    """Delete a document with its jobs and pages; return the key of its blob, which is unowned from now on.

    A worker that reads it finds its claim gone with its next beat, stops, and writes nothing more. The rows are locked
    in the order of `shared/lifecycle.py` first, because the cascade would take them in another one.
    """
    session.execute(text("SELECT 1 FROM users WHERE id = :id FOR NO KEY UPDATE"), {"id": document.owner_id})
    jobs = select(Job.id).where(Job.document_id == document.id).order_by(col(Job.id))
    job_ids = session.exec(jobs.with_for_update()).all()
    session.exec(select(Part.id).where(col(Part.job_id).in_(job_ids)).order_by(col(Part.id)).with_for_update()).all()
    touch(session, document.id)
    unowned.disown(session, document.blob_key)
    session.delete(document)
    ring(session)
    return document.blob_key


def erase_old_documents(database: Database, *, days: int) -> int:
    """Erase documents whose latest job ended so many days ago, and return how many."""
    statement = """
        SELECT d.id FROM documents d JOIN jobs j ON j.id = d.latest_job_id
        WHERE j.finished_at < now() - make_interval(days => :days) LIMIT :limit"""
    with database.unit_of_work() as session:
        old = session.execute(text(statement), {"days": days, "limit": AT_ONCE}).scalars().all()
    for document_id in old:
        with database.unit_of_work() as session:
            document = session.get(Document, document_id)
            if document is not None:
                erase_document(session, document)
    return len(old)


def forget_attempts(session: Session, *, days: int) -> int:
    """Delete what is known of the attempts of jobs that ended so many days ago, and return how many."""
    statement = """
        DELETE FROM attempts WHERE (part_id, attempt) IN (
            SELECT a.part_id, a.attempt FROM attempts a JOIN parts p ON p.id = a.part_id JOIN jobs j ON j.id = p.job_id
            WHERE j.finished_at < now() - make_interval(days => :days) LIMIT :limit)"""
    result = session.execute(text(statement + " RETURNING part_id"), {"days": days, "limit": 10 * AT_ONCE})
    return len(result.all())

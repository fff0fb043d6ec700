"""The rows of renditions: what was made of a document on demand and is kept, or why it could not be made.

A blob is announced before it is written (`shared/unowned.py`) and owned by the transaction that ends the job that made
it, which holds the lock on the document. What a document keeps is bounded: the oldest give way, and are made again when
somebody asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, select

from shared import unowned
from shared.claims import Failure
from shared.models import JobKind, Rendition

BUDGET_BYTES = 256 * 2**20  # Of one document: some two thousand pictures of pages as screens show them.
FAILED_FOR_S = 600  # What could not be made is not tried again sooner, however often somebody asks.
MADE_BY = frozenset({JobKind.RENDERING, JobKind.INFORMATION})


@dataclass(frozen=True)
class StoredBlob:
    """A blob that has been written: its key, bytes and digest."""

    key: str
    size: int
    sha256: str


def find(session: Session, document_id: UUID, name: str) -> Rendition | None:
    """Return what is kept; a failure only as long as it is to be believed."""
    is_believed = text("(error_code IS NULL OR renditions.created_at > now() - make_interval(secs => :secs))")
    statement = select(Rendition).where(Rendition.document_id == document_id, Rendition.name == name)
    return session.exec(statement.where(is_believed.bindparams(secs=FAILED_FOR_S))).first()


def keep(session: Session, document_id: UUID, name: str, *, blob: StoredBlob) -> None:
    """Own the blob as this rendition, and give up older ones beyond the document's budget.

    Raises UploadExpired when the blob is erased already.
    """
    unowned.own(session, blob.key)
    forget(session, document_id, name)
    session.add(
        Rendition(document_id=document_id, name=name, blob_key=blob.key, size=blob.size, sha256=blob.sha256),
    )
    session.flush()  # The sizes are added up by the database.
    _keep_to_budget(session, document_id, name)


def keep_failure(session: Session, document_id: UUID, name: str, *, failure: Failure) -> None:
    """Remember for a while why a rendition cannot be made."""
    forget(session, document_id, name)
    session.add(
        Rendition(document_id=document_id, name=name, error_code=failure.code, error_message=failure.message),
    )


def forget(session: Session, document_id: UUID, name: str) -> None:
    """Give up a rendition with its blob, if there is one."""
    statement = "DELETE FROM renditions WHERE document_id = :document AND name = :name RETURNING blob_key"
    _disown(session, session.execute(text(statement), {"document": document_id, "name": name}).scalars().all())


def forget_failures(session: Session, document_id: UUID) -> None:
    """Let everything be tried again: the document was given another password, or is read anew."""
    statement = "DELETE FROM renditions WHERE document_id = :document AND error_code IS NOT NULL"
    session.execute(text(statement), {"document": document_id})


def disown_all(session: Session, document_id: UUID) -> Sequence[str]:
    """Give up the blobs of all renditions of a document that is being deleted, and return their keys."""
    statement = "DELETE FROM renditions WHERE document_id = :document RETURNING blob_key"
    return _disown(session, session.execute(text(statement), {"document": document_id}).scalars().all())


def forget_old_jobs(session: Session, *, days: int, limit: int = 1000) -> int:
    """Delete jobs that ended so many days ago and made a rendition, and return how many; the rendition stays."""
    statement = """
        DELETE FROM jobs WHERE id IN (
            SELECT id FROM jobs WHERE kind IN ('rendering', 'information')
            AND finished_at < now() - make_interval(days => :days)
            LIMIT :limit FOR UPDATE SKIP LOCKED)
        RETURNING id"""
    return len(session.execute(text(statement), {"days": days, "limit": limit}).all())


def _keep_to_budget(session: Session, document_id: UUID, name: str) -> None:
    statement = """
        DELETE FROM renditions WHERE document_id = :document AND name IN (
            SELECT name FROM (
                SELECT name, sum(size) OVER (ORDER BY name <> :name, created_at DESC, name) AS bytes
                FROM renditions WHERE document_id = :document AND blob_key IS NOT NULL) AS newest_first
            WHERE bytes > :budget AND name <> :name)
        RETURNING blob_key"""
    given = {"document": document_id, "name": name, "budget": BUDGET_BYTES}
    _disown(session, session.execute(text(statement), given).scalars().all())


def _disown(session: Session, keys: Sequence[str | None]) -> list[str]:
    given_up = [key for key in keys if key is not None]
    for key in given_up:
        unowned.disown(session, key)
    return given_up

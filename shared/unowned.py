"""Blobs that no document owns: written down before their bytes are stored, so that a crash at any moment loses none.

A row stands from before the first byte of an upload until its document commits, and again from the commit that ends
a document's claim on a blob until the bytes are gone. Nobody ever has to list the store.
"""

from collections.abc import Sequence

import structlog
from obstore.exceptions import BaseError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from shared.database import Database
from shared.errors import Unavailable
from shared.storage import BlobStore

EXPECTED_FOR_H = 24
MAX_AT_ONCE = 200
MAX_REFUSED = 10  # A store that refuses so many is down, and each try may take long.
StoreErrors = (BaseError, OSError)  # obstore's own, and those it gives Python's types.
log = structlog.get_logger(__name__)


class UploadExpired(Unavailable):
    """The upload took too long."""

    code = "upload_expired"


def expect(session: Session, key: str) -> None:
    """Announce a blob; commit this before its first byte is stored."""
    statement = """
        INSERT INTO unowned_blobs (key, erase_after) VALUES (:key, now() + make_interval(hours => :hours))"""
    session.execute(text(statement), {"key": key, "hours": EXPECTED_FOR_H})


def own(session: Session, key: str) -> None:
    """Let a document have the blob when this transaction commits; raises UploadExpired when it is erased already.

    A row past due is as good as erased: an eraser that the store refused may have erased half of it.
    """
    statement = "DELETE FROM unowned_blobs WHERE key = :key AND erase_after > clock_timestamp() RETURNING key"
    if session.execute(text(statement), {"key": key}).first() is None:
        raise UploadExpired("The upload took too long; upload it again.")


def disown(session: Session, key: str) -> None:
    """Give the blob up when this transaction commits."""
    statement = """
        INSERT INTO unowned_blobs (key, erase_after) VALUES (:key, now())
        ON CONFLICT (key) DO UPDATE SET erase_after = excluded.erase_after"""
    session.execute(text(statement), {"key": key})


def erase(database: Database, blobs: BlobStore, key: str) -> None:
    """Erase at once a blob that is not owned and never will be; what fails here is left to `erase_due`."""
    try:
        blobs.delete(key)
        with database.unit_of_work() as session:
            _forget(session, key)
    except (*StoreErrors, SQLAlchemyError) as error:
        log.warning("a blob will be erased later", key=key, error=str(error))


def erase_all(database: Database, blobs: BlobStore, keys: Sequence[str]) -> None:
    """Erase several blobs as `erase` does; of very many the last are left to `erase_due`, because somebody waits."""
    for key in keys[:MAX_AT_ONCE]:
        erase(database, blobs, key)


def erase_due(database: Database, blobs: BlobStore, *, limit: int = 1000) -> int:
    """Erase blobs whose time is over and return how many; ends early when the store refuses several."""
    refused: list[str] = []
    for tried in range(limit):
        with database.unit_of_work() as session:
            if len(refused) == MAX_REFUSED or not _erase_next(session, blobs, refused):
                return tried - len(refused)
    return limit - len(refused)


def _erase_next(session: Session, blobs: BlobStore, refused: list[str]) -> bool:
    """Erase the blob that is due longest and was not refused; the lock on its row keeps an upload from owning it.

    One that the store refuses keeps its time, so that the audit sees for how long.
    """
    statement = """
        SELECT key FROM unowned_blobs WHERE erase_after <= now() AND key <> ALL(CAST(:refused AS text[]))
        ORDER BY erase_after LIMIT 1 FOR UPDATE SKIP LOCKED"""
    key = session.execute(text(statement), {"refused": refused}).scalar()
    if key is None:
        return False
    try:
        blobs.delete(key)
    except StoreErrors as error:
        log.warning("the store does not erase a blob", key=key, error=str(error))
        refused.append(key)
    else:
        _forget(session, key)
    return True


def _forget(session: Session, key: str) -> None:
    session.execute(text("DELETE FROM unowned_blobs WHERE key = :key"), {"key": key})

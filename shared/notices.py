"""Notices that Postgres sends when a transaction commits: to the dispatcher, and to whoever waits for a document."""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

DISPATCH_CHANNEL = "sheaf_dispatch"
DOCUMENT_CHANNEL = "sheaf_documents"


def touch(session: Session, document_id: UUID) -> None:
    """Count a change that readers can see, and wake those who wait for it."""
    session.flush()  # Pending attribute changes first, so that `rev` is never ahead of them.
    statement = "UPDATE documents SET rev = rev + 1 WHERE id = :id"
    session.execute(text(statement), {"id": document_id})
    session.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": DOCUMENT_CHANNEL, "id": str(document_id)})


def ring(session: Session) -> None:
    """Wake the dispatcher when this transaction commits."""
    session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": DISPATCH_CHANNEL})

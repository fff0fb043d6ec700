"""Notices that Postgres sends when a transaction commits: to the dispatcher, and to all who wait for something."""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

DISPATCH_CHANNEL = "sheaf_dispatch"
DOCUMENT_CHANNEL = "sheaf_documents"
PROGRESS_CHANNEL = "sheaf_progress"
NEWS_CHANNEL = "sheaf_news"
ASIDE_CHANNEL = "sheaf_asides"


def touch(session: Session, document_id: UUID, *, channel: str = DOCUMENT_CHANNEL) -> None:
    """Count a change that readers can see, and wake those who wait for it.

    On PROGRESS_CHANNEL are the many changes of a job that goes on; whoever waits for its end need not look at them.
    """
    session.flush()  # Pending attribute changes first, so that `rev` is never ahead of them.
    statement = """
        WITH touched AS (UPDATE documents SET rev = rev + 1 WHERE id = :id RETURNING id)
        SELECT pg_notify(:channel, id::text) FROM touched"""
    session.execute(text(statement), {"channel": channel, "id": document_id})


def wake(session: Session, document_id: UUID) -> None:
    """Wake those who wait for a document when this transaction commits, although it did not change itself."""
    session.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": DOCUMENT_CHANNEL, "id": str(document_id)})


def ring(session: Session) -> None:
    """Wake the dispatcher when this transaction commits."""
    session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": DISPATCH_CHANNEL})

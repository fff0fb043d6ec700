"""The audit: the invariants of the platform as queries against one moment of a live database; it changes nothing."""

from collections.abc import Iterator, Sequence

from sqlalchemy import text
from sqlmodel import Session

from shared.audit.attempts import ATTEMPTS
from shared.audit.blobs import audit_blobs
from shared.audit.checks import SHOWN, Check, Finding, Patience
from shared.audit.effects import EFFECTS
from shared.audit.endings import ENDINGS
from shared.audit.guards import GUARDS
from shared.audit.news import NEWS
from shared.audit.pages import PAGES
from shared.audit.progress import PROGRESS
from shared.database import Database

CHECKS: Sequence[Check] = (*ENDINGS, *PROGRESS, *PAGES, *GUARDS, *ATTEMPTS, *EFFECTS, *NEWS)
STATEMENT_TIMEOUT_S = 600  # A check reads whole tables; the API's 15 s are too short for millions of pages.
NORMAL = Patience()

__all__ = ["CHECKS", "Check", "Finding", "Patience", "audit_blobs", "audit_database"]


def audit_database(database: Database, patience: Patience = NORMAL) -> Iterator[Finding]:
    """Run every check against one snapshot, and yield what each found as it comes."""
    with database.snapshot() as session:
        session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT_S}s'"))
        for check in CHECKS:
            yield _run(session, check, patience)


def _run(session: Session, check: Check, patience: Patience) -> Finding:
    statement = f"""
        SELECT count(*) OVER (), found.id::text FROM ({check.sql}) AS found (id) ORDER BY 2 LIMIT {SHOWN}"""  # noqa: S608 — our own queries.
    rows = session.execute(text(statement), patience.given()).all()
    return Finding(check, rows[0][0] if rows else 0, [row[1] for row in rows])

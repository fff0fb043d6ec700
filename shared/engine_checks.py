"""The rows of pages that are read a second time to check the engine: chosen when they are recorded, taken when idle."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from shared.broker import Lane
from shared.claims import Claim
from shared.models import Document
from shared.page_content import FailedPage, ReadPage

UNCLEAR = "unclear"


@dataclass(frozen=True)
class PageToCheck:
    """A page that was chosen, and where its document is found."""

    document_id: UUID
    number: int
    blob_key: str
    password_sealed: bytes | None
    is_repaired: bool


def choose(session: Session, held: Claim, done: Sequence[ReadPage | FailedPage], *, share: float) -> None:
    """Note this share of the pages that the engine read; the same page is chosen or not however often it is read."""
    statement = """INSERT INTO engine_checks (document_id, number, created_at)
        VALUES (:document, :number, now()) ON CONFLICT DO NOTHING"""
    for page in done:
        if isinstance(page, ReadPage) and page.plain_because is None and _is_chosen(held.document_id, page, share):
            session.execute(text(statement), {"document": held.document_id, "number": page.number})


def is_idle(session: Session) -> bool:
    """Say whether no part waits or runs anywhere, mails not counted."""
    statement = """SELECT NOT EXISTS (SELECT 1 FROM parts WHERE state = 'queued' AND lane < :email)
        AND NOT EXISTS (SELECT 1 FROM parts WHERE state IN ('dispatched', 'running') AND lane < :email)"""
    return bool(session.execute(text(statement), {"email": Lane.EMAIL}).scalar_one())


def take(session: Session) -> PageToCheck | None:
    """Take the page that waits longest; until its outcome is told it is unclear, so none is taken twice by a crash."""
    statement = """
        UPDATE engine_checks SET outcome = :unclear WHERE (document_id, number) = (
            SELECT document_id, number FROM engine_checks WHERE outcome IS NULL ORDER BY created_at
            LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING document_id, number"""
    row = session.execute(text(statement), {"unclear": UNCLEAR}).first()
    if row is None:
        return None
    document = session.get_one(Document, row[0])
    return PageToCheck(row[0], row[1], document.blob_key, document.password_sealed, document.repaired)


def tell(session: Session, page: PageToCheck, outcome: str | None) -> None:
    """Write down what came of a check; None lets the page wait again. A document may be gone meanwhile."""
    statement = "UPDATE engine_checks SET outcome = :outcome WHERE document_id = :document AND number = :number"
    session.execute(text(statement), {"outcome": outcome, "document": page.document_id, "number": page.number})


def _is_chosen(document_id: UUID, page: ReadPage, share: float) -> bool:
    """Throw a die that always falls the same way for a page."""
    order: Literal["big"] = "big"
    thrown = hashlib.blake2b(document_id.bytes + page.number.to_bytes(4, order), digest_size=8).digest()
    return int.from_bytes(thrown, order) < share * 2**64

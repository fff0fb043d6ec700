"""Who may read a document besides its owner: granted by sending it in a message, visible here, and revocable."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel import Session, col, delete, select

from api.accounts.schemas import UserCard
from api.documents.service import DocumentNotFound, get_document, own_document
from shared.errors import Forbidden, NotFound
from shared.models import Share, User


class NotYoursToShare(Forbidden):
    """Only its owner can share this document."""

    code = "not_yours_to_share"


class ShareNotFound(NotFound):
    """The document is not shared with this user."""

    code = "share_not_found"


class ShareCard(BaseModel):
    """One reader of a document, and since when."""

    user: UserCard
    shared_at: datetime


class ShareList(BaseModel):
    data: list[ShareCard]


def share(session: Session, user: User, document_id: UUID, *, reader_id: int) -> None:
    """Let somebody read a document; raises DocumentNotFound or NotYoursToShare.

    Who may read it already may be pointed to it by everybody who can.
    """
    document = get_document(session, user, document_id)
    if reader_id == document.owner_id or _may_read(session, document_id, reader_id):
        return
    if document.owner_id != user.id:
        raise NotYoursToShare("Ask its owner to send it.")
    statement = """
        INSERT INTO shares (document_id, user_id, created_at) VALUES (:document, :reader, now())
        ON CONFLICT (document_id, user_id) DO NOTHING"""
    session.execute(text(statement), {"document": document_id, "reader": reader_id})


def shares(session: Session, user: User, document_id: UUID) -> list[ShareCard]:
    """Return who may read one's own document, the first that was granted first; raises DocumentNotFound."""
    own_document(session, user, document_id)
    statement = select(Share, User).join(User).where(Share.document_id == document_id)
    found = session.exec(statement.order_by(col(Share.created_at), col(Share.user_id)))
    return [
        ShareCard(user=UserCard.model_validate(reader, from_attributes=True), shared_at=share.created_at)
        for share, reader in found
    ]


def unshare(session: Session, user: User, document_id: UUID, *, reader_id: int) -> None:
    """End a reader's access; a reader may give up its own. Raises DocumentNotFound or ShareNotFound."""
    document = get_document(session, user, document_id)
    if user.id not in (document.owner_id, reader_id):
        raise DocumentNotFound("There is no document with this id among yours.")
    ended = delete(Share).where(col(Share.document_id) == document_id, col(Share.user_id) == reader_id)
    if session.execute(ended.returning(col(Share.user_id))).first() is None:
        raise ShareNotFound("GET /documents/{id}/shares lists who may read it.")


def _may_read(session: Session, document_id: UUID, reader_id: int) -> bool:
    statement = select(Share).where(Share.document_id == document_id, Share.user_id == reader_id)
    return session.exec(statement).first() is not None

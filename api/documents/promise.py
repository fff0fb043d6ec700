"""The promise that a 202 is: document, job and kept answer commit together, and only then is anything erased."""

from fastapi import Request, Response
from sqlmodel import Session

from api.conditional import json_answer
from api.documents.schemas import DocumentCard
from api.documents.service import Accepted, accept_upload, document_cards
from api.documents.upload import Stored
from api.idempotency import OneAnswer
from api.jobs.routes import RETRY_AFTER
from shared import unowned
from shared.errors import SheafError
from shared.models import Document, User


def give(request: Request, user: User, stored: Stored, once: OneAnswer) -> tuple[Accepted | None, Response]:
    """Accept the upload and return what became of it, with the answer; None for a replay, which accepts nothing.

    When the commit fails its outcome may be unclear, and the blob stays: if no document came to own it, its row among
    the unowned ones still stands.
    """
    accepted: Accepted | None = None

    def accept(session: Session) -> Response:
        nonlocal accepted
        accepted = accept_upload(session, once.resources, user, stored)
        return render(request, _card(session, accepted))

    try:
        answer = once.answer(accept)
    except SheafError:
        _erase(once, stored.blob_key)
        raise
    _erase(once, accepted.unused_blob if accepted else stored.blob_key)
    return accepted, answer


def render(request: Request, card: DocumentCard) -> Response:
    headers = {"Location": f"/jobs/{card.job.id}", **({} if card.job.done else RETRY_AFTER)}
    return json_answer(request, card, status=200 if card.duplicate else 202, headers=headers)


def _card(session: Session, accepted: Accepted) -> DocumentCard:
    session.flush()  # The row is read again, because its `rev` is counted by the database.
    document = session.get_one(Document, accepted.document_id, populate_existing=True)
    return document_cards(session, [document], duplicate=accepted.duplicate)[0]


def _erase(once: OneAnswer, key: str | None) -> None:
    if key is not None:
        unowned.erase(once.resources.database, once.resources.blobs, key)

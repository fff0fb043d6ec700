"""Routes of the access that others have to a document; sending it in a message is what grants it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from api.accounts.routes import MAX_USER_ID
from api.conditional import json_answer
from api.documents import sharing
from api.documents.service import DocumentNotFound
from api.errors import responses
from api.identity import DetachedUser
from api.resources import Snapshot, Work

router = APIRouter(tags=["documents"])


@router.get(
    "/documents/{document_id}/shares",
    operation_id="listShares",
    summary="Who may read your document",
    response_model=sharing.ShareList,
    responses=responses(DocumentNotFound),
)
def list_shares(request: Request, document_id: UUID, user: DetachedUser, view: Snapshot) -> Response:
    return json_answer(request, sharing.ShareList(data=sharing.shares(view, user, document_id)))


@router.delete(
    "/documents/{document_id}/shares/{user_id}",
    operation_id="deleteShare",
    summary="End somebody's access to your document, or your own to somebody else's",
    status_code=204,
    response_class=Response,
    responses=responses(DocumentNotFound, sharing.ShareNotFound),
)
def delete_share(
    document_id: UUID, user_id: Annotated[int, Path(ge=1, le=MAX_USER_ID)], user: DetachedUser, work: Work
) -> Response:
    sharing.unshare(work, user, document_id, reader_id=user_id)
    return Response(status_code=204)

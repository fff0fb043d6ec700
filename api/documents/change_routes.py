"""Routes that change documents: rename, delete, extract again."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api import admission, idempotency
from api.conditional import json_answer
from api.documents import changes, schemas
from api.documents.service import DocumentNotFound, document_cards
from api.errors import responses
from api.idempotency import REPLAYED_HEADER, Once
from api.identity import DetachedUser
from api.jobs.routes import queued_answer
from api.jobs.schemas import JobCard
from api.resources import Shared, Work
from shared import unowned

router = APIRouter(tags=["documents"])


@router.patch(
    "/documents/{document_id}",
    operation_id="renameDocument",
    summary="Rename a document",
    response_model=schemas.DocumentCard,
    responses=responses(DocumentNotFound),
)
def rename_document(
    request: Request, document_id: UUID, new: schemas.Rename, user: DetachedUser, work: Work
) -> Response:
    document = changes.rename(work, user, document_id, filename=new.filename)
    return json_answer(request, document_cards(work, [document])[0])


@router.delete(
    "/documents/{document_id}",
    operation_id="deleteDocument",
    summary="Delete a document, its jobs and pages, and erase its bytes",
    status_code=204,
    response_class=Response,
    responses=responses(DocumentNotFound),
)
def delete_document(document_id: UUID, user: DetachedUser, resources: Shared) -> Response:
    with resources.database.unit_of_work() as session:
        keys = changes.delete(session, user, document_id)
    unowned.erase_all(resources.database, resources.blobs, keys)
    return Response(status_code=204)


@router.post(
    "/documents/{document_id}/jobs",
    operation_id="createJob",
    summary="Extract a document again, with other pages, other settings or the right password",
    status_code=202,
    response_model=JobCard,
    responses={
        202: {"headers": REPLAYED_HEADER},
        **responses(DocumentNotFound, *admission.REFUSALS, *idempotency.REFUSALS),
    },
)
def create_job(
    request: Request, document_id: UUID, wish: schemas.AgainOptions, user: DetachedUser, once: Once
) -> Response:
    return once.answer(
        lambda session: queued_answer(
            request, session, *changes.extract_again(session, once.resources, user, document_id, wish)
        )
    )

"""Routes of documents, their pages, text, tables and original files."""

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import admission, idempotency
from api.conditional import json_answer, tagged
from api.documents import promise, schemas, service, upload
from api.documents.contents import NoSuchPage, PageNotReady, page_json
from api.documents.latest import completeness, contents_of
from api.documents.multipart import BadMultipart
from api.documents.original import original_file
from api.documents.sought import Sought, asked_for, own_documents
from api.documents.text.answer import text_answer
from api.errors import responses
from api.idempotency import REPLAYED_HEADER, OnceStreamed
from api.identity import DetachedUser
from api.jobs.routes import RETRY_AFTER, Rev, Wait
from api.limited import per_user
from api.listing import Listing, Wanted, fetch, listing
from api.rates import UPLOAD as UPLOAD_RATE
from api.rates import RateLimited
from api.resources import Resources, Shared, Snapshot
from shared import unowned
from shared.errors import StorageFull
from shared.models import Document, User

router = APIRouter(tags=["documents"])
REFUSALS = (RateLimited, *admission.REFUSALS, *idempotency.REFUSALS, unowned.UploadExpired)
UPLOAD: dict[str, Any] = {
    "summary": "Upload a PDF and queue its extraction",
    "status_code": 202,
    "response_model": schemas.DocumentCard,
    "openapi_extra": {"requestBody": schemas.UPLOAD_BODY},
    "dependencies": [Depends(per_user(UPLOAD_RATE))],
    "responses": {
        200: {
            "model": schemas.DocumentCard,
            "description": "The same file was uploaded before.",
            "headers": REPLAYED_HEADER,
        },
        202: {"headers": REPLAYED_HEADER},
        **responses(upload.NotAPdf, upload.EmptyFile, upload.FileTooLarge, BadMultipart, StorageFull, *REFUSALS),
    },
}


@router.post("/documents", operation_id="createDocument", **UPLOAD)
@router.post("/upload-pdf", operation_id="uploadPdf", **UPLOAD)
async def create_document(
    request: Request, user: DetachedUser, resources: Shared, once: OnceStreamed, wait: Wait = 0
) -> Response:
    key = await run_in_threadpool(upload.prepare, resources, user, once, request.headers.get("content-length"))
    stored = await upload.receive(resources, key, request.headers.get("content-type", ""), request.stream())
    once = once.asking("upload", *stored.asked())
    promised, answer = await run_in_threadpool(promise.give, request, user, stored, once)
    if promised is None or wait == 0:
        return answer
    card = await _card_when(resources, user, promised.document_id, wait=wait, duplicate=promised.duplicate)
    answer = promise.render(request, card)
    await run_in_threadpool(once.amend, answer)
    return answer


@router.get(
    "/documents",
    operation_id="listDocuments",
    summary="Your documents, newest first",
    response_model=Listing[schemas.DocumentCard],
    responses=responses(),
)
def list_documents(
    request: Request,
    user: DetachedUser,
    view: Snapshot,
    wanted: Wanted,
    sought: Annotated[Sought, Depends(asked_for)],
) -> Response:
    statement = own_documents(user, sought)
    documents, total, following = fetch(view, statement, wanted, key=Document.id)
    cards = service.document_cards(view, documents)
    return json_answer(request, listing(wanted, cards, total=total, following=following))


@router.get(
    "/documents/{document_id}",
    operation_id="getDocument",
    summary="One document; with `wait`, once its job is done",
    response_model=schemas.DocumentCard,
    responses=responses(service.DocumentNotFound),
)
async def get_document(
    request: Request, document_id: UUID, user: DetachedUser, resources: Shared, wait: Wait = 0, rev: Rev = None
) -> Response:
    card = await _card_when(resources, user, document_id, wait=wait, rev=rev)
    return json_answer(request, card, headers=None if card.job.done else RETRY_AFTER)


@router.get(
    "/documents/{document_id}/pages",
    operation_id="listPages",
    summary="The pages that are ready, in page order",
    response_model=schemas.PageList,
    responses=responses(service.DocumentNotFound),
)
def list_pages(
    request: Request,
    document_id: UUID,
    user: DetachedUser,
    view: Snapshot,
    wanted: Annotated[schemas.PagesWanted, Query()],
) -> Response:
    contents, words = contents_of(view, user, document_id), wanted.include == "words"
    rows, following = contents.listed(after=wanted.after, limit=wanted.limit, words=words)
    pages = b",".join(page_json(row, words=words) for row in rows)
    body = b'{"data":[%s],"next":%s}' % (pages, json.dumps(following).encode())
    return tagged(request, body, media_type="application/json", headers=completeness(contents))


@router.get(
    "/documents/{document_id}/pages/{number}",
    operation_id="getPage",
    summary="One page, with its words on request",
    response_model=schemas.PageCard,
    responses=responses(service.DocumentNotFound, PageNotReady, NoSuchPage),
)
def get_page(
    request: Request,
    document_id: UUID,
    number: Annotated[int, Path(ge=1, le=schemas.MAX_PAGE_NUMBER)],
    user: DetachedUser,
    view: Snapshot,
    include: Annotated[Literal["words"] | None, Query()] = None,
) -> Response:
    row = contents_of(view, user, document_id).page(number, words=include == "words")
    return tagged(request, page_json(row, words=include == "words"), media_type="application/json")


@router.get(
    "/documents/{document_id}/text",
    operation_id="getText",
    summary="The text: as pdfplumber gives it, as it stands on the page, in the order of reading, or as Markdown",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}, "text/markdown": {}}}, **responses(service.DocumentNotFound)},
)
def get_text(
    request: Request,
    document_id: UUID,
    user: DetachedUser,
    view: Snapshot,
    resources: Shared,
    asked: Annotated[schemas.TextWanted, Query()],
) -> Response:
    contents = contents_of(view, user, document_id)
    headers = completeness(contents)
    return text_answer(request, resources.database, contents, form=asked.format, ranges=asked.pages, headers=headers)


@router.get(
    "/documents/{document_id}/file",
    operation_id="getFile",
    summary="The original file",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, 206: {}, 416: {}, **responses(service.DocumentNotFound)},
)
def get_file(request: Request, document_id: UUID, user: DetachedUser, view: Snapshot, resources: Shared) -> Response:
    return original_file(request, resources.blobs, service.get_document(view, user, document_id))


async def _card_when(
    resources: Resources,
    user: User,
    document_id: UUID,
    *,
    wait: float,
    rev: int | None = None,
    duplicate: bool = False,
) -> schemas.DocumentCard:
    """Return the document once its job is done or `rev` differs, or when `wait` seconds have passed."""

    def look() -> schemas.DocumentCard:
        with resources.database.snapshot() as session:
            document = service.get_document(session, user, document_id)
            card = service.document_cards(session, [document], duplicate=duplicate)[0]
            card.shared_by = service.owner_for(session, user, document)
            return card

    return await resources.changes.until(
        look,
        key=document_id,
        satisfied=lambda card: card.job.done or (rev is not None and card.rev != rev),
        progress=rev is not None,
        seconds=wait,
    )

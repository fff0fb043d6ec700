"""Routes of documents, their pages, text, tables and original files."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session

from api import admission, idempotency
from api.conditional import json_answer, tagged
from api.documents import promise, schemas, service, upload
from api.documents.contents import Contents, NoSuchPage, PageNotReady, numbered_tables, plain_text, render_page
from api.documents.multipart import BadMultipart
from api.documents.original import original_file
from api.errors import responses
from api.idempotency import REPLAYED_HEADER, OnceStreamed
from api.identity import DetachedUser
from api.jobs.routes import RETRY_AFTER, Rev, Wait
from api.listing import Listing, Wanted, fetch, listing
from api.resources import Resources, Shared, Snapshot
from shared import unowned
from shared.errors import StorageFull
from shared.models import Document, JobState, User

router = APIRouter(tags=["documents"])
Ranges = Annotated[str | None, Query(max_length=2000, description="Only these pages.", examples=["1-5,9"])]
REFUSALS = (*admission.REFUSALS, *idempotency.REFUSALS, unowned.UploadExpired)
MAX_PAGE_NUMBER = 2**31 - 1
TEXT_FORMS = {"plain": plain_text}
UPLOAD: dict[str, Any] = {
    "summary": "Upload a PDF and queue its extraction",
    "status_code": 202,
    "response_model": schemas.DocumentCard,
    "openapi_extra": {"requestBody": schemas.UPLOAD_BODY},
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
    status: JobState | None = None,
    q: Annotated[str | None, Query(max_length=200, description="Part of the file name.")] = None,
) -> Response:
    statement = service.own_documents(user, status=status, query=q)
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
    after: Annotated[int, Query(ge=0, le=MAX_PAGE_NUMBER)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    contents = _contents(view, user, document_id)
    rows, following = contents.listed(after=after, limit=limit)
    body = {"data": [render_page(row) for row in rows], "next": following}
    return json_answer(request, body, headers=_completeness(contents))


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
    number: Annotated[int, Path(ge=1, le=MAX_PAGE_NUMBER)],
    user: DetachedUser,
    view: Snapshot,
    include: Annotated[Literal["words"] | None, Query()] = None,
) -> Response:
    page = _contents(view, user, document_id).page(number, words=include == "words")
    return json_answer(request, page)


@router.get(
    "/documents/{document_id}/text",
    operation_id="getText",
    summary="The text, pages separated by a form feed",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **responses(service.DocumentNotFound)},
)
def get_text(
    request: Request,
    document_id: UUID,
    user: DetachedUser,
    view: Snapshot,
    form: Annotated[Literal["plain"], Query(alias="format")] = "plain",
    pages: Ranges = None,
) -> Response:
    contents = _contents(view, user, document_id)
    text = TEXT_FORMS[form](contents.ready(contents.selected(pages)))
    content = text.encode("utf-8", "replace")
    return tagged(request, content, media_type="text/plain; charset=utf-8", headers=_completeness(contents))


@router.get(
    "/documents/{document_id}/tables",
    operation_id="listTables",
    summary="The tables with their pages and places",
    response_model=schemas.TableList,
    responses=responses(service.DocumentNotFound),
)
def list_tables(request: Request, document_id: UUID, user: DetachedUser, view: Snapshot) -> Response:
    contents = _contents(view, user, document_id)
    tables = numbered_tables(contents.ready(contents.selected()))
    return json_answer(request, {"data": tables}, headers=_completeness(contents))


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
            return service.document_cards(session, [document], duplicate=duplicate)[0]

    return await resources.changes.until(
        look,
        key=lambda card: card.id,
        satisfied=lambda card: card.job.done or (rev is not None and card.rev != rev),
        seconds=wait,
    )


def _contents(view: Session, user: User, document_id: UUID) -> Contents:
    document = service.get_document(view, user, document_id)
    return Contents(view, document, service.latest_jobs(view, [document])[document.id])


def _completeness(contents: Contents) -> dict[str, str]:
    return {} if contents.complete else {"X-Sheaf-Complete": "false", **RETRY_AFTER}

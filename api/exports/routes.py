"""The route that exports a document."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.attachment import attachment
from api.documents.latest import completeness, contents_of
from api.documents.original import FileLost, check_blob
from api.documents.service import DocumentNotFound, document_cards
from api.errors import responses
from api.exports.archive import as_archive
from api.exports.as_json import as_json
from api.exports.source import Source
from api.identity import DetachedUser
from api.resources import Shared, Snapshot

router = APIRouter(tags=["documents"])


@dataclass(frozen=True)
class Form:
    media_type: str
    ending: str
    write: Callable[[Source], Iterator[bytes]]


FORMS = {
    "json": Form("application/json", ".json", as_json),
    "markdown": Form("text/markdown; charset=utf-8", ".md", lambda source: source.text("markdown")),
    "zip": Form("application/zip", ".zip", as_archive),
}


@router.get(
    "/documents/{document_id}/export",
    operation_id="exportDocument",
    summary="A document with all that was found in it: as JSON, as Markdown, or as a ZIP archive with the original",
    response_class=Response,
    responses={
        200: {"content": {form.media_type.partition(";")[0]: {} for form in FORMS.values()}},
        **responses(DocumentNotFound, FileLost),
    },
)
def export_document(
    document_id: UUID,
    user: DetachedUser,
    view: Snapshot,
    resources: Shared,
    wanted: Annotated[Literal["json", "markdown", "zip"], Query(alias="format")] = "json",
) -> Response:
    form, contents = FORMS[wanted], contents_of(view, user, document_id)
    (card,) = document_cards(view, [contents.document])
    numbers = [stamp[0] for stamp in contents.stamped(contents.selected())]
    if wanted == "zip":
        check_blob(resources.blobs, contents.document)
    headers = {
        "Content-Disposition": attachment(PurePath(card.filename).stem + form.ending),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
        **completeness(contents),
    }
    source = Source(resources.database, resources.blobs, contents, card, numbers)
    return StreamingResponse(form.write(source), headers=headers, media_type=form.media_type)

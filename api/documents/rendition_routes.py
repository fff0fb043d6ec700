"""Routes of what is made of documents on demand: pictures of pages, and what a document says of itself."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from api import admission
from api.conditional import tagged
from api.documents import renditions
from api.documents.contents import NoSuchPage
from api.documents.pictures import MEDIA_TYPES, PictureWanted, form_for, picture_headers, unchanged
from api.documents.renditions import Wish
from api.documents.schemas import MAX_PAGE_NUMBER
from api.documents.service import DocumentNotFound
from api.errors import responses
from api.identity import DetachedUser
from api.resources import Shared
from shared.document_information import DocumentInformation
from shared.models import JobKind
from shared.page_content import inflate

router = APIRouter(tags=["documents"])
REFUSALS = (admission.TooManyOpenJobs, admission.BacklogFull, renditions.NotMadeYet)
INFORMATION = Wish(JobKind.INFORMATION, "information")
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The client has it already."}}


@router.get(
    "/documents/{document_id}/pages/{number}/image",
    operation_id="getPageImage",
    summary="A page as a picture, drawn when somebody first asks for it",
    response_class=Response,
    responses={
        200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}},
        204: {"description": "There is no picture, or none yet, and `missing=empty` was asked for."},
        **NOT_MODIFIED,
        **responses(DocumentNotFound, NoSuchPage, renditions.PageNotDrawn, *REFUSALS),
    },
)
async def get_page_image(
    request: Request,
    document_id: UUID,
    number: Annotated[int, Path(ge=1, le=MAX_PAGE_NUMBER)],
    user: DetachedUser,
    resources: Shared,
    wanted: Annotated[PictureWanted, Query()],
) -> Response:
    form = form_for(request, wanted)
    try:
        picture = await renditions.wait_for(resources, user, document_id, wanted.wish(number, form))
    except (renditions.PageNotDrawn, renditions.NotMadeYet):
        if wanted.missing == "empty":
            return Response(status_code=204)
        raise
    if (answer := unchanged(request, picture)) is not None:
        return answer
    content = await renditions.content_of(resources, document_id, picture)
    return Response(content, headers=picture_headers(picture), media_type=MEDIA_TYPES[form])


@router.get(
    "/documents/{document_id}/info",
    operation_id="getDocumentInformation",
    summary="What a document says of itself: metadata, outline, page labels, links, form fields, attachments",
    response_model=DocumentInformation,
    responses={**NOT_MODIFIED, **responses(DocumentNotFound, renditions.InformationNotRead, *REFUSALS)},
)
async def get_information(request: Request, document_id: UUID, user: DetachedUser, resources: Shared) -> Response:
    information = await renditions.wait_for(resources, user, document_id, INFORMATION)
    content = inflate(await renditions.content_of(resources, document_id, information))
    return tagged(request, content, media_type="application/json")

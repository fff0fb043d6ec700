"""The route that searches."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from api.conditional import json_answer
from api.documents.service import DocumentNotFound
from api.errors import responses
from api.identity import DetachedUser
from api.limited import per_user
from api.listing import Listing, Wanted, listing
from api.rates import SEARCH, RateLimited
from api.resources import Snapshot
from api.search import query, service
from api.search.schemas import HitCard

router = APIRouter(tags=["search"])
GRAMMAR = (
    'Words that all have to be on the page; `"a phrase"`, `begin*`, `-without`. Case and accents make no difference.'
)


async def _within(
    document_id: Annotated[UUID | None, Query(description="Only in this document.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Only in documents uploaded then or later.")] = None,
    tables: Annotated[bool, Query(description="Only on pages with tables.")] = False,  # noqa: FBT002 — a query.
) -> service.Within:
    return service.Within(document_id, since, tables)


@router.get(
    "/search",
    operation_id="search",
    summary="The pages on which something stands, of your documents and those shared with you, best first",
    response_model=Listing[HitCard],
    dependencies=[Depends(per_user(SEARCH))],
    responses=responses(DocumentNotFound, RateLimited),
)
def search(
    request: Request,
    user: DetachedUser,
    view: Snapshot,
    wanted: Wanted,
    q: Annotated[
        str, Query(min_length=1, max_length=query.MAX_LENGTH, description=GRAMMAR, examples=['"gross margin" -draft'])
    ],
    within: Annotated[service.Within, Depends(_within)],
) -> Response:
    found = service.search(view, user, query.parse(q), within=within, wanted=wanted)
    return json_answer(request, listing(wanted, found.cards, total=found.total, following=found.following))

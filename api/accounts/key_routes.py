"""Routes of API keys; only people who are signed in make, see and delete them."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.accounts import keys
from api.accounts.schemas import KeyCard, KeyMade, NewKey
from api.errors import responses
from api.identity import CurrentUser
from api.listing import Listing, Wanted, fetch, listing
from api.resources import Work
from shared.models import ApiKey

router = APIRouter(prefix="/api-keys", tags=["api keys"])


@router.get("", operation_id="listApiKeys", summary="Your API keys, newest first", responses=responses())
def list_api_keys(user: CurrentUser, work: Work, wanted: Wanted) -> Listing[KeyCard]:
    rows, total, following = fetch(work, keys.own_keys(user), wanted, key=ApiKey.id)
    return listing(wanted, [KeyCard.model_validate(row.model_dump()) for row in rows], total=total, following=following)


@router.post(
    "",
    operation_id="createApiKey",
    summary="Make an API key; its text is shown this once",
    status_code=201,
    responses=responses(keys.ScopeNotYours, keys.TooManyKeys),
)
def create_api_key(wanted: NewKey, user: CurrentUser, work: Work) -> KeyMade:
    key, text = keys.make(work, user, wanted)
    return KeyMade(**key.model_dump(), key=text)


@router.delete(
    "/{key_id}",
    operation_id="deleteApiKey",
    summary="Delete an API key; it stops working at once",
    status_code=204,
    response_class=Response,
    responses=responses(keys.KeyNotFound),
)
def delete_api_key(key_id: UUID, user: CurrentUser, work: Work) -> Response:
    keys.delete(work, user, key_id)
    return Response(status_code=204)

"""Routes of administration."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.accounts.routes import MAX_USER_ID, parse_user_id
from api.admin import service
from api.admin.schemas import AdminUser, UpdateUser
from api.errors import responses
from api.identity import Admin, AdminsOnly
from api.listing import Listing, Wanted, fetch, listing
from api.resources import Work
from shared.models import User

router = APIRouter(prefix="/admin", tags=["administration"])


@router.get(
    "/users", operation_id="listAccounts", summary="All accounts, newest first", responses=responses(AdminsOnly)
)
def list_accounts(
    _admin: Admin,
    work: Work,
    wanted: Wanted,
    q: Annotated[str | None, Query(max_length=200, description="Part of a name or e-mail address.")] = None,
) -> Listing[AdminUser]:
    users, total, following = fetch(work, service.all_users(q), wanted, key=User.id, parse=parse_user_id)
    return listing(wanted, service.user_cards(work, users), total=total, following=following)


@router.patch(
    "/users/{user_id}",
    operation_id="updateAccount",
    summary="Change the role, the quotas or the use of an account",
    responses=responses(AdminsOnly, service.UserNotFound, service.LastAdmin),
)
def update_account(
    user_id: Annotated[int, Path(ge=1, le=MAX_USER_ID)], change: UpdateUser, admin: Admin, work: Work
) -> AdminUser:
    return service.update(work, admin, user_id=user_id, change=change)

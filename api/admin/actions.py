"""What administrators did, for administrators to read."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import select
from sqlmodel.sql.expression import SelectOfScalar

from api.accounts.routes import MAX_USER_ID
from api.errors import responses
from api.identity import Admin, AdminsOnly
from api.listing import Listing, Wanted, fetch, listing
from api.resources import Work
from shared.models import AdminAction, Deed

UserId = Annotated[int | None, Query(ge=1, le=MAX_USER_ID)]
router = APIRouter(prefix="/admin", tags=["administration"])


class ActionCard(BaseModel):
    """One thing that an administrator did; `request_id` stands in the log of the API."""

    id: UUID
    at: datetime
    deed: Deed
    admin_id: int | None = Field(description="Null for what was done at the command line of the machine.")
    account_id: int | None = Field(description="Whose account or job it was done to, if somebody's.")
    target: str = Field(description="The path of what it was done to.", examples=["/admin/users/7"])
    details: dict[str, Any] = Field(examples=[{"role": ["user", "admin"]}])
    request_id: str | None


@router.get(
    "/actions",
    operation_id="listAdminActions",
    summary="What administrators did, newest first",
    responses=responses(AdminsOnly),
)
def list_actions(
    _admin: Admin,
    work: Work,
    wanted: Wanted,
    deed: Deed | None = None,
    admin_id: UserId = None,
    account_id: UserId = None,
) -> Listing[ActionCard]:
    actions, total, following = fetch(
        work, _actions({"deed": deed, "admin_id": admin_id, "account_id": account_id}), wanted, key=AdminAction.id
    )
    cards = [ActionCard.model_validate(action, from_attributes=True) for action in actions]
    return listing(wanted, cards, total=total, following=following)


def _actions(wanted: dict[str, Any]) -> SelectOfScalar[AdminAction]:
    given = {name: value for name, value in wanted.items() if value is not None}
    return select(AdminAction).filter_by(**given)

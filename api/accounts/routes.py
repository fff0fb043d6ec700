"""Routes of accounts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.security import OAuth2PasswordRequestForm

from api.accounts import service
from api.accounts.schemas import Login, OwnAccount, Refresh, Register, SignedIn, UpdateMe, UserCard
from api.errors import responses
from api.identity import CurrentUser
from api.listing import Listing, Wanted, fetch, listing
from api.resources import Shared, Work
from shared.accounts import EmailTaken
from shared.models import User

MAX_USER_ID = 2**31 - 1
router = APIRouter(tags=["accounts"])


@router.post(
    "/register",
    operation_id="register",
    summary="Make an account",
    status_code=201,
    responses=responses(EmailTaken, service.RegistrationClosed),
)
def register(wanted: Register, work: Work, resources: Shared) -> SignedIn:
    return service.register(work, resources, wanted)


@router.post("/login", operation_id="login", summary="Sign in", responses=responses(service.InvalidCredentials))
def login(given: Login, work: Work, resources: Shared) -> SignedIn:
    return service.login(work, resources, email=given.email, password=given.password)


@router.post(
    "/token",
    operation_id="token",
    summary="Sign in with the OAuth 2 password form",
    responses=responses(service.InvalidCredentials),
)
def token(form: Annotated[OAuth2PasswordRequestForm, Depends()], work: Work, resources: Shared) -> SignedIn:
    return service.login(work, resources, email=form.username, password=form.password)


@router.post(
    "/refresh",
    operation_id="refresh",
    summary="Spend a refresh token for a new pair",
    responses=responses(service.InvalidRefreshToken, service.TokenReused),
)
def refresh(given: Refresh, resources: Shared) -> SignedIn:
    return service.refresh(resources, given.refresh_token)


@router.get("/users", operation_id="listUsers", summary="Find people of this installation", responses=responses())
def list_users(
    _user: CurrentUser,
    work: Work,
    wanted: Wanted,
    q: Annotated[str | None, Query(max_length=200, description="Part of a name or e-mail address.")] = None,
) -> Listing[UserCard]:
    users, total, following = fetch(work, service.people(q), wanted, key=User.id, parse=_user_id)
    cards = [UserCard.model_validate(user, from_attributes=True) for user in users]
    return listing(wanted, cards, total=total, following=following)


def _user_id(text: str) -> int:
    number = int(text)
    if number > MAX_USER_ID:
        raise ValueError
    return number


@router.get("/users/me", operation_id="getMe", summary="Your own account", responses=responses())
def get_me(user: CurrentUser, work: Work) -> OwnAccount:
    return service.own_account(work, user)


@router.patch("/users/me", operation_id="updateMe", summary="Change your own account", responses=responses())
def update_me(change: UpdateMe, user: CurrentUser, work: Work) -> OwnAccount:
    return service.rename(work, user, change.name)

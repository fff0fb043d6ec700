"""Routes of accounts: registering, signing in, one's own account, and the people of this installation."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.security import OAuth2PasswordRequestForm

from api.accounts import limits, service
from api.accounts.schemas import Limits, Login, OwnAccount, Register, SignedIn, UpdateMe, UserCard
from api.caller import CalledBy
from api.errors import responses
from api.identity import CurrentUser
from api.listing import Listing, Wanted, fetch, listing
from api.rates import RateLimited
from api.resources import Shared, Work, in_hashing_thread
from shared.accounts import EmailTaken
from shared.models import User

MAX_USER_ID = 2**31 - 1
REFUSED_SIGN_IN = responses(service.InvalidCredentials, RateLimited)
router = APIRouter(tags=["accounts"])


@router.post(
    "/register",
    operation_id="register",
    summary="Make an account",
    status_code=201,
    responses=responses(EmailTaken, service.RegistrationClosed, RateLimited),
)
async def register(wanted: Register, resources: Shared, caller: CalledBy) -> SignedIn:
    return await in_hashing_thread(resources, lambda: service.register(resources, wanted, caller))


@router.post("/login", operation_id="login", summary="Sign in", responses=REFUSED_SIGN_IN)
async def login(given: Login, resources: Shared, caller: CalledBy) -> SignedIn:
    return await in_hashing_thread(
        resources, lambda: service.login(resources, caller, email=given.email, password=given.password)
    )


@router.post(
    "/token", operation_id="token", summary="Sign in with the OAuth 2 password form", responses=REFUSED_SIGN_IN
)
async def token(form: Annotated[OAuth2PasswordRequestForm, Depends()], resources: Shared, caller: CalledBy) -> SignedIn:
    return await in_hashing_thread(
        resources, lambda: service.login(resources, caller, email=form.username, password=form.password)
    )


@router.get(
    "/users",
    operation_id="listUsers",
    summary="Find people of this installation",
    tags=["people"],
    responses=responses(),
)
def list_users(
    _user: CurrentUser,
    work: Work,
    wanted: Wanted,
    q: Annotated[str | None, Query(max_length=200, description="Part of a name or e-mail address.")] = None,
) -> Listing[UserCard]:
    users, total, following = fetch(work, service.people(q), wanted, key=User.id, parse=parse_user_id)
    cards = [UserCard.model_validate(user, from_attributes=True) for user in users]
    return listing(wanted, cards, total=total, following=following)


def parse_user_id(text: str) -> int:
    number = int(text)
    if number > MAX_USER_ID:
        raise ValueError
    return number


@router.get("/users/me", operation_id="getMe", summary="Your own account", responses=responses())
def get_me(user: CurrentUser) -> OwnAccount:
    return service.own_account(user)


@router.patch("/users/me", operation_id="updateMe", summary="Change your own account", responses=responses())
def update_me(change: UpdateMe, user: CurrentUser, work: Work) -> OwnAccount:
    return service.rename(work, user, change.name)


@router.get("/limits", operation_id="getLimits", summary="What this installation allows you", responses=responses())
def get_limits(user: CurrentUser, work: Work, resources: Shared) -> Limits:
    return limits.limits_of(work, resources.settings, user)

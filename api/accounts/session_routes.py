"""Routes of sessions: going on with one, ending one or all, and the cookie session of the web page."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api import cookies
from api.accounts import service, sessions
from api.accounts.routes import REFUSED_SIGN_IN
from api.accounts.schemas import Login, Refresh, SessionCard, SignedIn, SignedInPage
from api.caller import CalledBy
from api.errors import responses
from api.identity import CurrentIdentity
from api.listing import Listing, Wanted, fetch, listing
from api.origins import OriginNotAllowed, check_origin
from api.resources import Shared, Work, in_hashing_thread
from shared.models import UserSession
from shared.settings import Settings

REFUSED_REFRESH = (sessions.InvalidRefreshToken, sessions.TokenReused)
router = APIRouter(tags=["sessions"])


@router.post(
    "/refresh",
    operation_id="refresh",
    summary="Spend a refresh token for a new pair",
    responses=responses(*REFUSED_REFRESH),
)
def refresh(given: Refresh, resources: Shared, caller: CalledBy) -> SignedIn:
    return sessions.refresh(resources, given.refresh_token, caller)


@router.post(
    "/logout",
    operation_id="logout",
    summary="End the session that asks, with all of its tokens",
    status_code=204,
    response_class=Response,
    responses=responses(),
)
def logout(identity: CurrentIdentity, work: Work, resources: Shared) -> Response:
    return _ended(work, identity, resources.settings)


@router.get("/sessions", operation_id="listSessions", summary="Where you are signed in", responses=responses())
def list_sessions(identity: CurrentIdentity, work: Work, wanted: Wanted) -> Listing[SessionCard]:
    rows, total, following = fetch(work, sessions.own_sessions(identity.user), wanted, key=UserSession.id)
    cards = [SessionCard(**row.model_dump(), current=row.id == identity.session_id) for row in rows]
    return listing(wanted, cards, total=total, following=following)


@router.delete(
    "/sessions",
    operation_id="endSessions",
    summary="Sign out everywhere, here too",
    status_code=204,
    response_class=Response,
    responses=responses(),
)
def end_sessions(identity: CurrentIdentity, work: Work, resources: Shared) -> Response:
    sessions.end_all(work, identity.user)
    return _without_cookies(resources.settings)


@router.delete(
    "/sessions/{session_id}",
    operation_id="endSession",
    summary="Sign out in one place",
    status_code=204,
    response_class=Response,
    responses=responses(sessions.SessionNotFound),
)
def end_session(session_id: UUID, identity: CurrentIdentity, work: Work) -> Response:
    sessions.end(work, identity.user, session_id)
    return Response(status_code=204)


@router.post(
    "/session",
    operation_id="openPageSession",
    summary="Sign in with cookies, for the web page",
    responses={**REFUSED_SIGN_IN, **responses(OriginNotAllowed)},
)
async def open_page_session(
    request: Request, given: Login, response: Response, resources: Shared, caller: CalledBy
) -> SignedInPage:
    if "origin" in request.headers:  # Else another site could sign its visitors in to an account of its own.
        check_origin(request, resources.settings)
    signed_in = await in_hashing_thread(
        resources, lambda: service.login(resources, caller, email=given.email, password=given.password)
    )
    return _by_cookies(response, resources.settings, signed_in)


@router.post(
    "/session/refresh",
    operation_id="refreshPageSession",
    summary="Go on with the session of the cookies",
    responses=responses(*REFUSED_REFRESH, OriginNotAllowed),
)
def refresh_page_session(request: Request, response: Response, resources: Shared, caller: CalledBy) -> SignedInPage:
    check_origin(request, resources.settings)
    token = cookies.read_refresh(request, resources.settings)
    if token is None:
        raise sessions.InvalidRefreshToken("There is no cookie of a session; sign in by POST /session.")
    return _by_cookies(response, resources.settings, sessions.refresh(resources, token, caller))


@router.delete(
    "/session",
    operation_id="closePageSession",
    summary="End the session of the cookies",
    status_code=204,
    response_class=Response,
    responses=responses(OriginNotAllowed),
)
def close_page_session(identity: CurrentIdentity, work: Work, resources: Shared) -> Response:
    return _ended(work, identity, resources.settings)


def _ended(work: Work, identity: CurrentIdentity, settings: Settings) -> Response:
    if identity.session_id is not None:
        sessions.end(work, identity.user, identity.session_id)
    return _without_cookies(settings)


def _without_cookies(settings: Settings) -> Response:
    response = Response(status_code=204)
    cookies.take_back(response, settings)
    return response


def _by_cookies(response: Response, settings: Settings, signed_in: SignedIn) -> SignedInPage:
    cookies.give(response, settings, access_token=signed_in.access_token, refresh_token=signed_in.refresh_token)
    return SignedInPage(expires_in=signed_in.expires_in, user=signed_in.user)

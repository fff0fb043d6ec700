"""Sessions: signing in starts one, refresh tokens carry it on, and it can be ended from anywhere."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api import access_tokens
from api.accounts.schemas import Account, SignedIn
from api.caller import Caller
from api.opaque_tokens import digest, new_token, successor
from api.resources import Resources
from shared.accounts import stored_id
from shared.clock import now
from shared.errors import NotFound, Unauthenticated
from shared.models import RefreshToken, User, UserSession

LOST_ANSWER_S = 10


class TokenReused(Unauthenticated):
    """This refresh token was used before."""

    code = "token_reused"


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is not valid."""

    code = "invalid_refresh_token"


class SessionNotFound(NotFound):
    """You have no such session."""

    code = "session_not_found"


def start(session: Session, resources: Resources, user: User, *, caller: Caller) -> SignedIn:
    family = UserSession(user_id=stored_id(user))
    session.add(family)
    session.flush()  # The token's foreign key needs the session's row.
    return _carry_on(session, resources, family, user=user, caller=caller, token=new_token())


def refresh(resources: Resources, refresh_token: str, caller: Caller) -> SignedIn:
    """Spend a refresh token for a new pair; a token spent before ends its session (RFC 9700, section 4.14.2).

    An answer that was lost on its way can be asked for again: for ten seconds a spent token gives the same next token,
    unless that one was used, or the question comes over the connection that brought the answer. Raises
    InvalidRefreshToken, or TokenReused after the commit that ends the session.
    """
    with resources.database.unit_of_work() as session:
        answer = _spend(session, resources, refresh_token, caller=caller)
    if isinstance(answer, TokenReused):
        raise answer
    return answer


def own_sessions(user: User) -> SelectOfScalar[UserSession]:
    """Select what the user is signed in with."""
    mine = UserSession.user_id == user.id
    return select(UserSession).where(mine, col(UserSession.revoked_at).is_(None), col(UserSession.expires_at) > now())


def end(session: Session, user: User, session_id: UUID) -> None:
    """End one session of this user; raises SessionNotFound."""
    found = session.exec(own_sessions(user).where(UserSession.id == session_id)).first()
    if found is None:
        raise SessionNotFound
    found.revoked_at = now()


def end_all(session: Session, user: User, *, but: UUID | None = None) -> None:
    """End every session of this user, but perhaps one; their access tokens end with them."""
    statement = """
        UPDATE sessions SET revoked_at = now()
        WHERE user_id = :user AND revoked_at IS NULL AND id IS DISTINCT FROM CAST(:but AS uuid)"""
    session.execute(text(statement), {"user": user.id, "but": but})


def _spend(session: Session, resources: Resources, refresh_token: str, *, caller: Caller) -> SignedIn | TokenReused:
    statement = select(RefreshToken).where(RefreshToken.token_hash == digest(refresh_token)).with_for_update()
    token = session.exec(statement).first()
    if token is None or token.expires_at <= now():
        raise InvalidRefreshToken("Sign in again.")
    family = session.get_one(UserSession, token.session_id)
    user = session.get_one(User, family.user_id)
    following = successor(refresh_token, resources.settings.secret_key)
    if token.spent_at is not None and not _answer_was_lost(session, token, following, caller=caller):
        family.revoked_at = family.revoked_at or now()
        return TokenReused("Somebody may have copied it, so this session has ended; sign in again.")
    if family.revoked_at is not None or not user.is_active:
        raise InvalidRefreshToken("This session has ended; sign in again.")
    token.spent_at, token.spent_by = token.spent_at or now(), caller.connection
    return _carry_on(session, resources, family, user=user, caller=caller, token=following)


def _answer_was_lost(session: Session, token: RefreshToken, following: str, *, caller: Caller) -> bool:
    """Say whether a spent token may come from a client that never saw what it was spent for.

    Over one connection a client asks again only after it has read the answer before (RFC 9112, section 9.3).
    """
    if token.spent_at is None or now() - token.spent_at > timedelta(seconds=LOST_ANSWER_S):
        return False
    if token.spent_by is not None and token.spent_by == caller.connection:
        return False
    given = session.get(RefreshToken, digest(following))
    return given is not None and given.spent_at is None


def _carry_on(
    session: Session, resources: Resources, family: UserSession, *, user: User, caller: Caller, token: str
) -> SignedIn:
    """Give the session's next pair, whose refresh token may have been given before."""
    settings = resources.settings
    family.last_used_at, family.address, family.user_agent = now(), caller.address, caller.user_agent
    family.expires_at = now() + timedelta(days=settings.refresh_token_days)
    if session.get(RefreshToken, digest(token)) is None:
        session.add(RefreshToken(token_hash=digest(token), session_id=family.id, expires_at=family.expires_at))
    return SignedIn(
        access_token=access_tokens.issue(settings, user, session_id=family.id),
        expires_in=settings.access_token_minutes * 60,
        refresh_token=token,
        user=Account.model_validate(user, from_attributes=True),
    )

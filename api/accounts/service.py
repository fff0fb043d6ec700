"""The rules of accounts: who may register, what signing in gives, how a session goes on."""

import hashlib
import secrets
from datetime import timedelta

from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from api.accounts.schemas import Account, OwnAccount, Register, SignedIn
from api.identity import issue_access_token
from api.resources import Resources
from shared.accounts import checked_name, create_user, normalize_email
from shared.clock import now
from shared.errors import Forbidden, InvalidField, Unauthenticated
from shared.models import Document, RefreshToken, User, UserSession


class InvalidCredentials(Unauthenticated):
    """The e-mail address or the password is wrong."""

    code = "invalid_credentials"


class TokenReused(Unauthenticated):
    """This refresh token was used before."""

    code = "token_reused"


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is not valid."""

    code = "invalid_refresh_token"


class RegistrationClosed(Forbidden):
    """This installation takes no new registrations."""

    code = "registration_closed"


def register(session: Session, resources: Resources, wanted: Register) -> SignedIn:
    if resources.settings.registration == "closed":
        raise RegistrationClosed("Ask the administrator of this installation for an account.")
    user = create_user(session, resources.hasher, email=wanted.email, name=wanted.name, password=wanted.password)
    return _sign_in(session, resources, user)


def login(session: Session, resources: Resources, *, email: str, password: str) -> SignedIn:
    """Sign in; takes the same time and says the same whether or not the account exists."""
    user = session.exec(select(User).where(User.email == _lookup_email(email))).first()
    fits = resources.hasher.verify(password, user.password_hash if user else None)
    if user is None or not fits or not user.is_active:
        raise InvalidCredentials
    return _sign_in(session, resources, user)


def refresh(resources: Resources, refresh_token: str) -> SignedIn:
    """Spend a refresh token for a new pair; a token spent before ends its session (RFC 9700, section 4.14.2).

    The refusal is raised after the commit, which keeps the end of the session.
    """
    with resources.database.unit_of_work() as session:
        answer = _spend(session, resources, refresh_token)
    if isinstance(answer, TokenReused):
        raise answer
    return answer


def _spend(session: Session, resources: Resources, refresh_token: str) -> SignedIn | TokenReused:
    statement = select(RefreshToken).where(RefreshToken.token_hash == _digest(refresh_token)).with_for_update()
    token = session.exec(statement).first()
    if token is None or token.expires_at <= now():
        raise InvalidRefreshToken("Sign in again.")
    family = session.get_one(UserSession, token.session_id)
    user = session.get_one(User, family.user_id)
    if token.spent_at is not None:
        family.revoked_at = family.revoked_at or now()
        return TokenReused("Somebody may have copied it, so this session has ended; sign in again.")
    if family.revoked_at is not None or not user.is_active:
        raise InvalidRefreshToken("This session has ended; sign in again.")
    token.spent_at = now()
    return _pair(session, resources, user, family)


def people(query: str | None) -> SelectOfScalar[User]:
    """Select the active users whose name or address contains the query."""
    statement = select(User).where(col(User.is_active))
    if query:
        statement = statement.where(
            or_(col(User.name).icontains(query, autoescape=True), col(User.email).icontains(query, autoescape=True))
        )
    return statement


def own_account(session: Session, user: User) -> OwnAccount:
    used = session.exec(select(func.coalesce(func.sum(Document.size), 0)).where(Document.owner_id == user.id)).one()
    return OwnAccount(
        **_account(user).model_dump(),
        email_verified=user.email_verified_at is not None,
        storage_used=int(used),
        storage_quota=user.storage_quota,
    )


def rename(session: Session, user: User, name: str) -> OwnAccount:
    user.name = checked_name(name)
    session.add(user)
    return own_account(session, user)


def _sign_in(session: Session, resources: Resources, user: User) -> SignedIn:
    family = UserSession(user_id=_id_of(user))
    session.add(family)
    session.flush()  # The token's foreign key needs the session's row.
    return _pair(session, resources, user, family)


def _pair(session: Session, resources: Resources, user: User, family: UserSession) -> SignedIn:
    settings = resources.settings
    refresh_token = secrets.token_urlsafe(32)
    expires_at = now() + timedelta(days=settings.refresh_token_days)
    session.add(RefreshToken(token_hash=_digest(refresh_token), session_id=family.id, expires_at=expires_at))
    return SignedIn(
        access_token=issue_access_token(settings, user, session_id=family.id),
        expires_in=settings.access_token_minutes * 60,
        refresh_token=refresh_token,
        user=_account(user),
    )


def _account(user: User) -> Account:
    return Account(id=_id_of(user), email=user.email, name=user.name, role=user.role)


def _id_of(user: User) -> int:
    if user.id is None:
        raise ValueError("This user has not been stored yet.")
    return user.id


def _lookup_email(email: str) -> str:
    try:
        return normalize_email(email)
    except InvalidField:
        return email.strip().lower()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

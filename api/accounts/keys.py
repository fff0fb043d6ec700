"""API keys: made by people for their programs, shown once, and taken back at any time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from api.accounts.schemas import NewKey
from api.identity import KEY_PREFIX
from api.opaque_tokens import digest, new_token
from shared.accounts import checked_name, stored_id
from shared.clock import now
from shared.errors import Conflict, Forbidden, InvalidField, NotFound
from shared.models import ApiKey, Role, Scope, User

MAX_KEYS = 100
SHOWN_CHARACTERS = len(KEY_PREFIX) + 4


class KeyNotFound(NotFound):
    """You have no such API key."""

    code = "api_key_not_found"


class TooManyKeys(Conflict):
    """You have as many API keys as one account may have."""

    code = "too_many_api_keys"


class ScopeNotYours(Forbidden):
    """Your account may not do what this key is to do."""

    code = "scope_not_yours"


def own_keys(user: User) -> SelectOfScalar[ApiKey]:
    return select(ApiKey).where(ApiKey.user_id == user.id)


def make(session: Session, user: User, wanted: NewKey) -> tuple[ApiKey, str]:
    """Return a new key and its text; raises InvalidField, ScopeNotYours or TooManyKeys."""
    _check_scopes(user, wanted.scopes)
    count = session.exec(select(func.count()).where(col(ApiKey.user_id) == user.id)).one()
    if count >= MAX_KEYS:
        raise TooManyKeys(f"{MAX_KEYS} keys are enough for anybody; delete some first.")
    text = new_token(KEY_PREFIX)
    key = ApiKey(
        user_id=stored_id(user),
        name=checked_name(wanted.name),
        prefix=text[:SHOWN_CHARACTERS],
        key_hash=digest(text),
        scopes=sorted(set(wanted.scopes)),
        expires_at=_future(wanted.expires_at),
    )
    session.add(key)
    return key, text


def delete(session: Session, user: User, key_id: UUID) -> None:
    """Take a key back; raises KeyNotFound."""
    key = session.exec(own_keys(user).where(ApiKey.id == key_id)).first()
    if key is None:
        raise KeyNotFound
    session.delete(key)


def _check_scopes(user: User, scopes: Sequence[Scope]) -> None:
    if Scope.ADMIN in scopes and user.role != Role.ADMIN:
        raise ScopeNotYours("Only administrators make keys with the scope `admin`.")


def _future(moment: datetime | None) -> datetime | None:
    if moment is not None and moment <= now():
        raise InvalidField("/expires_at", "A key cannot have expired before it is made; give a time to come, or none.")
    return moment

"""Who opens a live connection, and until when it may stay: judged by `api.identity`, and again while it is open."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlmodel import Session, col, select
from starlette.requests import HTTPConnection

from api.identity import DetachedIdentity, Identity, identify_token
from api.resources import Resources
from shared.models import ApiKey, User, UserSession


@dataclass(eq=False)
class Caller:
    """A signed-in client, by a session or by an API key; `expires_at` is None for a key without end."""

    user_id: int
    expires_at: datetime | None
    session_id: UUID | None
    key_id: UUID | None


def call(resources: Resources, connection: HTTPConnection, token: str | None) -> Caller:
    """Return whom a token stands for; raises Unauthenticated or ScopeMissing. Blocks."""
    with resources.database.unit_of_work() as session:
        return _caller(identify_token(session, resources.settings, connection, token=token))


def still_welcome(session: Session, callers: Collection[Caller]) -> set[Caller]:
    """Return those whose account is active and whose session or key goes on."""
    users = col(User.id).in_({caller.user_id for caller in callers})
    active = set(session.exec(select(User.id).where(users, col(User.is_active))))
    sessions = col(UserSession.id).in_({caller.session_id for caller in callers})
    going_on = set(session.exec(select(UserSession.id).where(sessions, col(UserSession.revoked_at).is_(None))))
    keys = col(ApiKey.id).in_({caller.key_id for caller in callers})
    going_on |= set(session.exec(select(ApiKey.id).where(keys)))
    return {
        caller for caller in callers if caller.user_id in active and (caller.session_id or caller.key_id) in going_on
    }


def _caller(identity: Identity) -> Caller:
    return Caller(identity.user.id or 0, identity.expires_at, identity.session_id, identity.key_id)


def _calling(identity: DetachedIdentity) -> Caller:
    return _caller(identity)


CallingNow = Annotated[Caller, Depends(_calling)]

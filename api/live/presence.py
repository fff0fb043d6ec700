"""Who is there: a row for each open connection, renewed by its API process, and told to those it writes with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from api.live.feeds import Item
from api.live.frames import PresenceNow, TypingNow
from shared.clock import now
from shared.notices import ASIDE_CHANNEL

ALIVE_S = 60
RENEWED_EVERY_S = 20.0
RECIPIENTS_AT_ONCE = 500  # The payload of a notice has at most 8000 bytes.
STATE = """
    SELECT CASE WHEN count(*) = 0 THEN 'offline' WHEN bool_or(is_active) THEN 'online' ELSE 'away' END
    FROM presences WHERE user_id = :user AND seen_at > now() - make_interval(secs => :alive)"""


@dataclass
class Attendee:
    """An open connection; it is active while somebody looks at it."""

    user_id: int
    is_active: bool = True


def arrive(session: Session, user_id: int, *, connection_id: UUID, process_id: UUID) -> list[Item]:
    """Take down a new connection, and return who of the people its user writes with is there."""
    before = _lock_state(session, user_id)
    statement = """
        INSERT INTO presences (connection_id, process_id, user_id, is_active, seen_at)
        VALUES (:connection, :process, :user, true, now())"""
    session.execute(text(statement), {"connection": connection_id, "process": process_id, "user": user_id})
    _tell_change(session, user_id, before)
    return _others(session, user_id)


def set_active(session: Session, user_id: int, *, connection_id: UUID, is_active: bool) -> None:
    """Take down whether somebody looks at this client."""
    before = _lock_state(session, user_id)
    statement = "UPDATE presences SET is_active = :active WHERE connection_id = :connection"
    session.execute(text(statement), {"connection": connection_id, "active": is_active})
    _tell_change(session, user_id, before)


def leave(session: Session, user_id: int, *, connection_id: UUID) -> None:
    before = _lock_state(session, user_id)
    session.execute(text("DELETE FROM presences WHERE connection_id = :id"), {"id": connection_id})
    _tell_change(session, user_id, before)


def renew(session: Session, process_id: UUID, held: Mapping[UUID, Attendee]) -> None:
    """Keep the connections of a living process, and write down again what was lost of them."""
    statement = """
        INSERT INTO presences (connection_id, process_id, user_id, is_active, seen_at)
        SELECT id, :process, user_id, is_active, now() FROM unnest(
            CAST(:ids AS uuid[]), CAST(:users AS integer[]), CAST(:actives AS boolean[]))
            AS held (id, user_id, is_active)
        ON CONFLICT (connection_id) DO UPDATE SET seen_at = now()"""
    given = {
        "process": process_id,
        "ids": list(held),
        "users": [attendee.user_id for attendee in held.values()],
        "actives": [attendee.is_active for attendee in held.values()],
    }
    session.execute(text(statement), given)


def sweep(session: Session) -> None:
    """Take away the connections of processes that died, and tell that their users have gone."""
    statement = """
        DELETE FROM presences WHERE connection_id IN (
            SELECT connection_id FROM presences WHERE seen_at < now() - make_interval(secs => :alive)
            FOR UPDATE SKIP LOCKED)
        RETURNING user_id"""
    gone = set(session.execute(text(statement), {"alive": ALIVE_S}).scalars())
    for user_id in sorted(gone):
        _tell_change(session, user_id, "")


def states(session: Session, user_ids: Sequence[int]) -> dict[int, Literal["online", "away"]]:
    """Return the state of those of these users who are there."""
    statement = """
        SELECT user_id, CASE WHEN bool_or(is_active) THEN 'online' ELSE 'away' END FROM presences
        WHERE user_id = ANY(:users) AND seen_at > now() - make_interval(secs => :alive) GROUP BY user_id"""
    found = session.execute(text(statement), {"users": list(user_ids), "alive": ALIVE_S})
    return {row.user_id: row[1] for row in found}


def tell_typing(session: Session, user_id: int, peer_id: int) -> None:
    """Tell somebody that this user is writing, if they have a conversation."""
    frame = TypingNow(peer_id=user_id).model_dump(mode="json")
    statement = """
        SELECT pg_notify(:channel, :notice) FROM conversations WHERE user_id = :user AND peer_id = :peer"""
    notice = json.dumps({"to": [peer_id], "frame": frame})
    session.execute(text(statement), {"channel": ASIDE_CHANNEL, "notice": notice, "user": user_id, "peer": peer_id})


def _lock_state(session: Session, user_id: int) -> str:
    """Make this user's arrivals and departures follow one another, and return the state now."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('presence'), :user)"), {"user": user_id})
    return _state(session, user_id)


def _state(session: Session, user_id: int) -> str:
    return str(session.execute(text(STATE), {"user": user_id, "alive": ALIVE_S}).scalar_one())


def _tell_change(session: Session, user_id: int, before: str) -> None:
    after = _state(session, user_id)
    if after == before:
        return
    statement = """
        SELECT DISTINCT c.peer_id FROM conversations c JOIN presences p ON p.user_id = c.peer_id
        WHERE c.user_id = :user AND c.peer_id <> :user"""
    to = session.execute(text(statement), {"user": user_id}).scalars().all()
    frame = PresenceNow.model_validate({"user_id": user_id, "state": after, "last_seen": now()}).model_dump(mode="json")
    for start in range(0, len(to), RECIPIENTS_AT_ONCE):
        notice = json.dumps({"to": to[start : start + RECIPIENTS_AT_ONCE], "frame": frame})
        session.execute(text("SELECT pg_notify(:channel, :notice)"), {"channel": ASIDE_CHANNEL, "notice": notice})


def _others(session: Session, user_id: int) -> list[Item]:
    statement = """
        SELECT p.user_id, CASE WHEN bool_or(p.is_active) THEN 'online' ELSE 'away' END, max(p.seen_at)
        FROM presences p JOIN conversations c ON c.peer_id = p.user_id
        WHERE c.user_id = :user AND p.user_id <> :user AND p.seen_at > now() - make_interval(secs => :alive)
        GROUP BY p.user_id"""
    found = session.execute(text(statement), {"user": user_id, "alive": ALIVE_S})
    frames = (PresenceNow(user_id=peer, state=state, last_seen=seen) for peer, state, seen in found)
    return [Item("presence", None, frame.model_dump_json()) for frame in frames]

"""Idempotency keys in the database: who claims one does the work, everybody after gets the answer that was kept.

A key is claimed by the first statement of the transaction that does the work, and its answer is kept by the last one:
either all of it happened, or the key is free. A second claimant waits for the first to commit or roll back. Keys and
answers older than a day count for nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared.models import IdempotencyKey

KEPT_FOR_H = 24


@dataclass(frozen=True)
class Claim:
    """A key of one owner, and what the request with it asks for."""

    owner_id: int
    key: str
    fingerprint: bytes


def claim(session: Session, wanted: Claim) -> IdempotencyKey | None:
    """Claim a key for this transaction, which then must `keep` an answer; else return the answer that was kept."""
    while not _insert(session, wanted):
        kept = session.exec(
            select(IdempotencyKey).where(
                col(IdempotencyKey.owner_id) == wanted.owner_id, col(IdempotencyKey.key) == wanted.key
            )
        ).first()
        if kept is not None:
            return kept
    return None


def keep(session: Session, held: Claim, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Keep the answer for replays, instead of one that was kept before."""
    statement = """
        UPDATE idempotency_keys SET status = :status, headers = CAST(:headers AS jsonb), body = :body
        WHERE owner_id = :owner AND key = :key AND fingerprint = :fingerprint"""
    answer = {"status": status, "headers": json.dumps(dict(headers)), "body": body}
    session.execute(text(statement), {**_given(held), **answer})


def release(session: Session, held: Claim) -> None:
    """Leave the key free: the request was refused without an exception."""
    statement = "DELETE FROM idempotency_keys WHERE owner_id = :owner AND key = :key AND fingerprint = :fingerprint"
    session.execute(text(statement), _given(held))


def is_known(session: Session, owner_id: int, key: str) -> bool:
    """Say whether a request with this key was answered within the last day."""
    statement = """
        SELECT 1 FROM idempotency_keys
        WHERE owner_id = :owner AND key = :key AND created_at > now() - make_interval(hours => :kept)"""
    given = {"owner": owner_id, "key": key, "kept": KEPT_FOR_H}
    return session.execute(text(statement), given).first() is not None


def forget_old(session: Session, *, limit: int = 1000) -> int:
    """Delete answers that are older than a day, the oldest first, and return how many."""
    statement = """
        DELETE FROM idempotency_keys WHERE (owner_id, key) IN (
            SELECT owner_id, key FROM idempotency_keys WHERE created_at <= now() - make_interval(hours => :kept)
            ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED)
        RETURNING key"""
    return len(session.execute(text(statement), {"kept": KEPT_FOR_H, "limit": limit}).all())


def _insert(session: Session, wanted: Claim) -> bool:
    """Insert the row without an answer, or take over one that is too old; False when there is another."""
    statement = """
        INSERT INTO idempotency_keys (owner_id, key, fingerprint, status, headers, body, created_at)
        VALUES (:owner, :key, :fingerprint, 0, '{}', '', now())
        ON CONFLICT (owner_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, created_at = excluded.created_at
        WHERE idempotency_keys.created_at <= now() - make_interval(hours => :kept)
        RETURNING key"""
    return session.execute(text(statement), {**_given(wanted), "kept": KEPT_FOR_H}).first() is not None


def _given(wanted: Claim) -> dict[str, Any]:
    return {"owner": wanted.owner_id, "key": wanted.key, "fingerprint": wanted.fingerprint}

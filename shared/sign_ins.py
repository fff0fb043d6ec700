"""Forgetting sessions, refresh tokens and mailed tokens that have expired; the dispatcher's upkeep does it."""

from sqlalchemy import text
from sqlmodel import Session

TABLES = {"sessions": "id", "refresh_tokens": "token_hash", "account_tokens": "token_hash"}


def forget_expired(session: Session, *, limit: int = 1000) -> int:
    """Delete what nobody can use any more, at most `limit` rows of each kind, and return how many.

    A session that was ended early stays until it would have expired: a stolen token of it is told as such until then.
    """
    return sum(_forget(session, table, key=key, limit=limit) for table, key in TABLES.items())


def _forget(session: Session, table: str, *, key: str, limit: int) -> int:
    statement = f"""
        DELETE FROM {table} WHERE {key} IN (
            SELECT {key} FROM {table} WHERE expires_at <= now() LIMIT :limit FOR UPDATE SKIP LOCKED)
        RETURNING 1"""  # noqa: S608 — Both names are ours.
    return len(session.execute(text(statement), {"limit": limit}).all())

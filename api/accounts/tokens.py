"""Single-use tokens that are mailed: each is good for one purpose, for one hour, and only until it is used."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session, select

from api.opaque_tokens import digest, new_token
from shared.accounts import stored_id
from shared.clock import now
from shared.errors import Invalid
from shared.models import AccountToken, Purpose, User

VALID_FOR = timedelta(hours=1)


class TokenNotValid(Invalid):
    """This link was used, is too old, or was never sent."""

    code = "token_not_valid"


def make(session: Session, user: User, purpose: Purpose) -> str:
    """Return the text of a new token for the present address of a stored user."""
    token = new_token()
    row = AccountToken(
        token_hash=digest(token),
        user_id=stored_id(user),
        purpose=purpose,
        email=user.email,
        expires_at=now() + VALID_FOR,
    )
    session.add(row)
    return token


def spend(session: Session, token: str, purpose: Purpose) -> User:
    """Use up a token and return its user, whose row is locked; raises TokenNotValid."""
    wanted = {"hash": digest(token), "purpose": purpose}
    user = _locked_user(session, wanted)
    statement = """
        DELETE FROM account_tokens
        WHERE token_hash = :hash AND purpose = :purpose AND expires_at > now() RETURNING email"""
    email = session.execute(text(statement), wanted).scalar()
    if user is None or not user.is_active or user.email != email:
        raise TokenNotValid("Ask for another one.")
    return user


def forget(session: Session, user: User, purpose: Purpose) -> None:
    """Make what was mailed before worthless; the user's row is locked."""
    statement = "DELETE FROM account_tokens WHERE user_id = :user AND purpose = :purpose"
    session.execute(text(statement), {"user": user.id, "purpose": purpose})


def _locked_user(session: Session, wanted: Mapping[str, object]) -> User | None:
    """Lock the account before its token, as everybody does who changes both."""
    statement = "SELECT user_id FROM account_tokens WHERE token_hash = :hash"
    user_id = session.execute(text(statement), wanted).scalar()
    return session.exec(select(User).where(User.id == user_id).with_for_update(key_share=True)).first()

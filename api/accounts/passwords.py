"""Changing a password that is known, and replacing one that was forgotten."""

from sqlmodel import select

from api import rates
from api.accounts import sessions, tokens
from api.accounts.service import InvalidCredentials, lookup_email, replace_hash
from api.caller import Caller
from api.identity import Identity
from api.resources import Resources
from shared.account_mail import queue_password_reset
from shared.accounts import checked_password
from shared.clock import now
from shared.models import Purpose, User


def change(resources: Resources, identity: Identity, *, old: str, new: str) -> None:
    """Set another password and end the other sessions; raises InvalidCredentials, InvalidField or RateLimited."""
    user = identity.user
    resources.rates.check(rates.LOGIN, "change", str(user.id))
    checked_password(new, pointer="/new")
    if not resources.hasher.verify(old, user.password_hash):
        resources.rates.count(rates.LOGIN, "change", str(user.id))
        raise InvalidCredentials("The old password is wrong.")
    new_hash = resources.hasher.hash(new)
    with resources.database.unit_of_work() as session:
        if not replace_hash(session, user, new_hash):
            raise InvalidCredentials("The password was changed meanwhile.")
        tokens.forget(session, user, Purpose.RESET_PASSWORD)
        sessions.end_all(session, user, but=identity.session_id)


def forget(resources: Resources, email: str, caller: Caller) -> None:
    """Mail a token to the account with this address, if there is one; raises RateLimited whether or not there is."""
    address = lookup_email(email)
    resources.rates.spend(rates.FORGOT_FROM_ADDRESS, caller.network)
    resources.rates.spend(rates.FORGOT, address)
    with resources.database.unit_of_work() as session:
        user = session.exec(select(User).where(User.email == address)).first()
        if user is not None and user.is_active:
            token = tokens.make(session, user, Purpose.RESET_PASSWORD)
            queue_password_reset(session, user, token=token, settings=resources.settings)


def reset(resources: Resources, token: str, *, password: str) -> None:
    """Set a new password, sign out everywhere; raises TokenNotValid, or InvalidField before the token is spent.

    Who has read the mail has the address, so it is verified as well.
    """
    checked_password(password)
    with resources.database.unit_of_work() as session:
        user = tokens.spend(session, token, Purpose.RESET_PASSWORD)
        user.password_hash = resources.hasher.hash(password)
        user.email_verified_at = user.email_verified_at or now()
        tokens.forget(session, user, Purpose.RESET_PASSWORD)
        sessions.end_all(session, user)

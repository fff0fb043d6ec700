"""Whether an e-mail address belongs to its account: a mail with a token asks, the token answers."""

from sqlmodel import Session

from api import rates
from api.accounts import tokens
from api.resources import Resources
from shared.account_mail import queue_verification
from shared.clock import now
from shared.errors import Conflict
from shared.models import Purpose, User
from shared.settings import Settings


class AlreadyVerified(Conflict):
    """Your e-mail address is verified already."""

    code = "already_verified"


def ask_to_verify(session: Session, user: User, settings: Settings) -> None:
    queue_verification(session, user, token=tokens.make(session, user, Purpose.VERIFY_EMAIL), settings=settings)


def ask_again(session: Session, resources: Resources, user: User) -> None:
    """Send another mail; raises AlreadyVerified or RateLimited."""
    if user.email_verified_at is not None:
        raise AlreadyVerified
    resources.rates.spend(rates.RESEND, str(user.id))
    ask_to_verify(session, user, resources.settings)


def verify(session: Session, token: str) -> None:
    """Take the address of the token's account as verified; raises TokenNotValid."""
    user = tokens.spend(session, token, Purpose.VERIFY_EMAIL)
    user.email_verified_at = user.email_verified_at or now()

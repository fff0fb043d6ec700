"""The mails an account gets about itself: the link that verifies its address, and the one that resets its password.

They are jobs like all mails; their tokens are sealed until they are sent, because a token is as good as a password.
"""

import json

from sqlmodel import Session

from shared.emails import Draft, Template, queue_email
from shared.models import User
from shared.sealing import EMAIL, seal
from shared.settings import Settings


def queue_verification(session: Session, user: User, *, token: str, settings: Settings) -> None:
    """Have the user asked whether the address is theirs; it is queued with the commit of this transaction."""
    _queue(session, user, Template.VERIFY_ADDRESS, token=token, settings=settings)


def queue_password_reset(session: Session, user: User, *, token: str, settings: Settings) -> None:
    """Have the user sent a way to a new password; it is queued with the commit of this transaction."""
    _queue(session, user, Template.RESET_PASSWORD, token=token, settings=settings)


def _queue(session: Session, user: User, template: Template, *, token: str, settings: Settings) -> None:
    if user.id is None:
        raise ValueError("This user has not been stored yet.")
    sealed = seal(json.dumps({"token": token}), settings.secret_key, purpose=EMAIL)
    queue_email(
        session,
        Draft(owner_id=user.id, to=user.email, template=template, params={"name": user.name}, secret_sealed=sealed),
    )

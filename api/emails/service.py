"""The rules of mails: who may write to whom, and what a mail may say."""

import unicodedata
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session, col, select

from api import admission
from api.documents.service import get_document, latest_jobs
from api.emails.schemas import SendEmail
from api.resources import Resources
from shared.emails import Draft, Template, news_of, queue_email
from shared.errors import Forbidden, InvalidField
from shared.models import Job, Role, User

LINE_ENDS = frozenset("\n\r\t")
# Controls, surrogates, and the separators that some programs take for line ends.
UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")


class RecipientNotAllowed(Forbidden):
    """You may write to yourself and to people of this installation only."""

    code = "recipient_not_allowed"


def send_email(session: Session, resources: Resources, user: User, wanted: SendEmail) -> Job:
    """Queue one mail.

    Raises InvalidField, RecipientNotAllowed, DocumentNotFound, or what `api.admission` raises.
    """
    owner = admission.lock_owner(session, user.id or 0)
    to, template = _address(wanted.to), _template(wanted)
    _check_recipient(session, user, to)
    document = get_document(session, user, wanted.document_id) if wanted.document_id else None
    admission.admit_email(session, resources, owner)
    params = _letter(user, wanted) if template is Template.LETTER else {}
    if document is not None:
        params |= news_of([(latest_jobs(session, [document])[document.id], document)])
    draft = Draft(owner_id=owner.id, to=to, template=template, params=params, document_id=wanted.document_id)
    return queue_email(session, draft)


def _address(given: str) -> str:
    """Return the address in its normal form; raises InvalidField for what no mail server would take."""
    try:
        found = validate_email(given, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidField("/to", f"This is no e-mail address: {error}") from error
    if found.ascii_email is None:
        raise InvalidField("/to", "Mails are sent to addresses with ASCII letters before the @ only.")
    return found.normalized


def _template(wanted: SendEmail) -> Template:
    """Return what the mail is made from; raises InvalidField when that is nothing, or two things."""
    words = {"subject": wanted.subject, "body": wanted.body}
    if wanted.template is not None:
        for name, text in words.items():
            if text is not None:
                raise InvalidField(f"/{name}", "A mail has either a template, or a subject and a body.")
        if wanted.document_id is None:
            raise InvalidField("/document_id", f"The template {wanted.template} tells of a document; name it.")
        return Template(wanted.template)
    for name, text in words.items():
        if text is None:
            raise InvalidField(f"/{name}", "Give a subject and a body, or a template.")
    _check_words("subject", wanted.subject or "", allowed=frozenset())
    _check_words("body", wanted.body or "", allowed=LINE_ENDS)
    return Template.LETTER


def _check_words(name: str, text: str, *, allowed: frozenset[str]) -> None:
    for character in text:
        if character not in allowed and unicodedata.category(character) in UNPRINTABLE:
            where = "It is one line" if not allowed else "Only line ends and tabs are allowed"
            raise InvalidField(f"/{name}", f"U+{ord(character):04X} may not stand in it. {where}.")
    if not text.strip():
        raise InvalidField(f"/{name}", "There is nothing in it.")


def _check_recipient(session: Session, user: User, to: str) -> None:
    """Let ordinary users write to themselves and to active users; raises RecipientNotAllowed."""
    if user.role == Role.ADMIN or to.lower() == user.email:
        return
    if session.exec(select(User.id).where(User.email == to.lower(), col(User.is_active))).first() is None:
        raise RecipientNotAllowed("Nobody here has this address; an administrator may write to anyone.")


def _letter(user: User, wanted: SendEmail) -> dict[str, Any]:
    return {
        "subject": wanted.subject,
        "body": wanted.body,
        "sender_name": user.name,
        "sender_address": user.email,
    }

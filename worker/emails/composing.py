"""Mails as bytes: a template filled in, in plain text and HTML, under headers that nobody can add to."""

import json
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any

from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import SecretStr

from shared.clock import now
from shared.emails import Template
from shared.errors import SheafError
from shared.models import Email
from shared.sealing import EMAIL, unseal
from shared.settings import Settings

POLICY = SMTP.clone(cte_type="7bit")  # Any server takes it, and what is stored is ASCII.
HEADERS = frozenset(
    {
        "From",
        "To",
        "Date",
        "Message-ID",
        "Subject",
        "Reply-To",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    }
)
TEMPLATES = Path(__file__).parent / "templates"


class NotComposable(SheafError):
    """The mail cannot be written."""

    code = "mail_not_composable"


class Composer:
    """Writes mails from one sender; links lead to one installation."""

    def __init__(self, settings: Settings) -> None:
        """Take sender, base address and key from the settings."""
        name, self.sender = parseaddr(settings.mail_from)
        self._from = Address(name, addr_spec=self.sender)
        self._base = settings.public_base
        self._key: SecretStr = settings.secret_key
        self._pages = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def message_id(self, email: Email) -> str:
        return f"<{email.id}@{self._from.domain}>"

    def compose(self, email: Email) -> bytes:
        """Return the message with CRLF line ends, all of it ASCII; raises NotComposable."""
        values = {**email.params, **self._secret(email), "base": self._base}
        try:
            message = self._addressed(email)
            if values.get("jobs") == []:
                raise NotComposable("The documents that it would tell of were deleted.")
            self._fill(message, Template(email.template), values)
            content = message.as_bytes()
        except (ValueError, MessageError, EmailNotValidError) as error:
            raise NotComposable(f"The mail cannot be written: {error}") from error
        _check_headers(content)
        return content

    def _addressed(self, email: Email) -> EmailMessage:
        message = EmailMessage(POLICY)
        message["From"] = self._from
        message["To"] = Address(addr_spec=ascii_address(email.to_address))
        message["Date"] = format_datetime(now())
        message["Message-ID"] = self.message_id(email)
        return message

    def _fill(self, message: EmailMessage, template: Template, values: dict[str, Any]) -> None:
        """Set subject and bodies; the first line of a text template is its subject."""
        written = self._pages.get_template(f"{template}.txt").render(values)
        subject, _, plain = written.partition("\n")
        message["Subject"] = _one_line(subject)
        if template is Template.LETTER:
            name, address = _one_line(values["sender_name"]), ascii_address(values["sender_address"])
            message["Reply-To"] = Address(name, addr_spec=address)
        else:
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers.
        message.set_content(_lines(plain.lstrip("\n")))
        if template is not Template.LETTER:
            page = self._pages.get_template(f"{template}.html").render(values)
            message.add_alternative(_lines(page), subtype="html")

    def _secret(self, email: Email) -> dict[str, Any]:
        if email.secret_sealed is None:
            return {}
        opened = unseal(email.secret_sealed, self._key, purpose=EMAIL)
        if opened is None:
            raise NotComposable("It was queued under another SECRET_KEY; ask for it again.")
        secret: dict[str, Any] = json.loads(opened)
        return secret


def ascii_address(address: str) -> str:
    """Return the address as every mail server takes it; raises NotComposable for letters beyond ASCII before the @."""
    found = validate_email(address, check_deliverability=False, test_environment=True).ascii_email
    if found is None:
        raise NotComposable("Addresses with other letters than ASCII before the @ cannot be written to.")
    return found


def _one_line(text: str) -> str:
    """Return the text as one line in which nothing looks like an encoded word (RFC 2047).

    Python's email package decodes such words in what it is given. Before CVE-2024-6923 was fixed it wrote the line
    ends in them as they were: a header of somebody else's.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()).replace("=?", "= ?")


def _check_headers(content: bytes) -> None:
    """Look once more at what is about to be sent; raises NotComposable for a header that is not ours."""
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    for line in head.split("\r\n"):
        if not line.startswith((" ", "\t")) and line.partition(":")[0] not in HEADERS:
            raise NotComposable("The mail would have a header that nobody asked for.")


def _lines(text: str) -> str:
    """Return the text with one kind of line end, which the message's policy makes CRLF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")

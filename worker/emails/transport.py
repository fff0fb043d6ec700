"""Handing one message to its recipient's way: a mail server (RFC 5321), or a folder where none is configured."""

import os
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from shared.delivery import Reply
from shared.settings import Settings
from worker.emails.answers import Answer, Step, Verdict, broken, judge, read_reply

CONNECT_S = 30.0
COMMAND_S = 300.0  # RFC 5321, section 4.5.3.2; the answer to the final dot has MAIL_ANSWER_S, ten minutes.
PORTS = {"smtp": 25, "smtps": 465}
BODY_BEGINS_WITH_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True)
class Outgoing:
    """One message to one recipient; `content` has CRLF line ends and ends with one."""

    name: str
    sender: str
    recipient: str
    content: bytes


class Transport(Protocol):
    """A way out; `host` is what is left alone while it has trouble."""

    host: str

    def send(self, mail: Outgoing, *, before_data: Callable[[], None]) -> Answer:
        """Send it and say what became of it; nothing of the message is sent before `before_data` has returned."""


def transport_of(settings: Settings) -> Transport:
    if settings.smtp_url is None:
        return Folder(settings.sheaf_data / "outbox")
    return MailServer(settings.smtp_url.get_secret_value(), answer_s=settings.mail_answer_s)


class _Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.reply))
        self.answer = answer


class MailServer:
    """The server of SMTP_URL; each message has a connection of its own.

    `smtps://` is TLS from the first byte, `?starttls=1` TLS before anything is said; certificates are checked.
    """

    def __init__(self, url: str, *, answer_s: float) -> None:
        """Take the address apart; nothing is connected yet."""
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._is_tls = parts.scheme == "smtps"
        self._wants_starttls = parse_qs(parts.query).get("starttls", ["0"])[0] in ("1", "true", "yes")
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._answer_s = answer_s
        self._own_name = socket.getfqdn()

    def send(self, mail: Outgoing, *, before_data: Callable[[], None]) -> Answer:
        step = Step.GREETING
        try:
            with closing(self._connect()) as smtp:
                step = Step.SIGN_IN
                self._sign_in(smtp)
                step = Step.SENDER
                _ask(step, smtp.mail(mail.sender))
                step = Step.RECIPIENT
                _ask(step, smtp.rcpt(mail.recipient))
                step = Step.DATA
                _ask(step, smtp.docmd("DATA"), success=354)
                before_data()
                step = Step.DELIVERED
                answer = self._deliver(smtp, mail.content)
                with suppress(OSError):
                    smtp.quit()
                return answer
        except _Refused as refused:
            return refused.answer
        except smtplib.SMTPResponseException as error:
            return judge(step, error.smtp_code, _bytes(error.smtp_error))
        except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
            return Answer(Verdict.LOCKED_OUT, Reply(None, None, str(error)))
        except OSError as error:  # This is what all other trouble of smtplib and of connections is, too.
            return broken(step, error)

    def _connect(self) -> smtplib.SMTP:
        if self._is_tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self._port, self._own_name, timeout=CONNECT_S, context=context)
        return smtplib.SMTP(self.host, self._port, self._own_name, timeout=CONNECT_S)

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self._wants_starttls:
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if self._user:
            smtp.login(self._user, self._password)
        _patience(smtp, COMMAND_S)

    def _deliver(self, smtp: smtplib.SMTP, content: bytes) -> Answer:
        """Send the message with its final dot and wait for what the server says of it."""
        smtp.send(BODY_BEGINS_WITH_DOT.sub(b"..", content) + b".\r\n")
        _patience(smtp, self._answer_s)
        code, said = smtp.getreply()
        if 200 <= code < 300:
            return Answer(Verdict.SENT, read_reply(code, said))
        return judge(Step.DELIVERED, code, said)


class Folder:
    """A folder below SHEAF_DATA that gets a file of each message: the way out of installations without a server."""

    host = "the outbox folder"

    def __init__(self, path: Path) -> None:
        """The folder is made with its first message."""
        self._path = path

    def send(self, mail: Outgoing, *, before_data: Callable[[], None]) -> Answer:
        before_data()
        try:
            self._write(f"{mail.name}.eml", mail.content)
        except OSError as error:
            return Answer(Verdict.SERVER_BUSY, Reply(None, None, f"{type(error).__name__}: {error.strerror}"))
        return Answer(Verdict.SENT, Reply(None, None, "written to the outbox folder"))

    def _write(self, name: str, content: bytes) -> None:
        """Write a file that only we may read; readers see all of it or none, and a second time changes nothing."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self._path / f"{name}.part"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path / name)


def _ask(step: Step, reply: tuple[int, bytes], *, success: int = 250) -> None:
    code, said = reply
    if code != success and not (success == 250 and code == 251):
        raise _Refused(judge(step, code, said))


def _patience(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _bytes(said: bytes | str) -> bytes:
    return said.encode() if isinstance(said, str) else said

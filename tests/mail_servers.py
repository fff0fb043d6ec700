"""Mail servers for tests: aiosmtpd, with answers that a test prescribes, and connections that break on command."""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shared.clock import now

BREAK = "break the connection"
REFUSED, DROPPED = 0.2, 0.05
USER, PASSWORD = "sheaf", "let me in"


@dataclass
class MailServer:
    """What a server was told, and what it is to say: the next answers to RCPT and to the end of DATA, then 250."""

    recipient_answers: list[str] = field(default_factory=list)
    data_answers: list[str] = field(default_factory=list)
    on_recipient: Callable[[], object] = lambda: None
    before_answer: Callable[[], object] = lambda: None
    received: list[bytes] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 — aiosmtpd's name.
        await asyncio.to_thread(self.on_recipient)
        answer = self.recipient_answers.pop(0) if self.recipient_answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
            self.recipients.append(address)
        return answer

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 — As above.
        self.received.append(envelope.content)
        await asyncio.to_thread(self.before_answer)
        answer = self.data_answers.pop(0) if self.data_answers else "250 2.0.0 taken"
        if answer == BREAK:
            self.accepted.append(envelope.content)
            server.transport.abort()
        if answer.startswith("250"):
            self.accepted.append(envelope.content)
        return "250 OK" if answer == BREAK else answer


Server = TypeVar("Server", bound=MailServer)


@dataclass
class FlakyServer(MailServer):
    """A server that refuses a fifth of all messages for now, and breaks connections after it has taken a message."""

    chance: Random = field(default_factory=lambda: Random(6))  # noqa: S311 — A load, not a secret.
    refused: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 — aiosmtpd's name.
        """Decide by chance, and count."""
        luck = self.chance.random()
        if luck < REFUSED:
            self.refused += 1
            return "451 4.3.0 not now"
        self.accepted.append(envelope.content)
        if luck < REFUSED + DROPPED:
            self.dropped[message_id(envelope.content)] += 1
            server.transport.abort()
        return "250 2.0.0 taken"

    @property
    def taken(self) -> Counter[str]:
        """How often each message was taken, by its id."""
        return Counter(message_id(content) for content in self.accepted)


def message_id(content: bytes) -> str:
    return str(message_from_bytes(content, policy=default)["Message-ID"])


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """Run a server on a free port of this machine; options are those of aiosmtpd's Controller."""
    with running(MailServer(port=_free_port()), **options) as server:
        yield server


@contextmanager
def flaky_server() -> Iterator[FlakyServer]:
    with running(FlakyServer(port=_free_port())) as server:
        yield server


@contextmanager
def running(server: Server, **options: Any) -> Iterator[Server]:
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def with_password() -> dict[str, Any]:
    """Return the options of a server that wants to know who sends."""
    return {"authenticator": _knows, "auth_required": True, "auth_require_tls": False}


def with_tls(folder: Path) -> dict[str, Any]:
    """Return the options of a server that talks over STARTTLS only; its certificate is written to `folder`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(folder))
    return {"tls_context": context, "require_starttls": True}


def make_certificate(folder: Path) -> Path:
    """Write a key and a certificate for this machine, signed by itself, and return the file with both."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(minutes=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    file = folder / "mail-server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


def _knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    fits = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=fits, handled=False)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

"""Whether the mail server can be reached and takes our name and password; nothing is sent."""

import smtplib
import ssl
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from cli.doctor.findings import Finding, fault, ok, warning
from shared.settings import Settings

TIMEOUT_S = 10.0


def look(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_url is None:
        said = f"mails are written to {settings.sheaf_data / 'outbox'} and sent to nobody."
        yield warning("mail", said, "Set SMTP_URL and MAIL_FROM to send them.")
        return
    parts = urlsplit(settings.smtp_url.get_secret_value())
    try:
        with _connected(parts.scheme, parts.hostname or "", parts.port) as server:
            if parse_qs(parts.query).get("starttls") == ["1"]:
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        yield fault(
            "mail", f"{parts.hostname} cannot be used: {error}", "Correct SMTP_URL, or ask who runs the server."
        )
    else:
        yield ok("mail", f"{parts.hostname} answers.")


def _connected(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_S, context=ssl.create_default_context())
    return smtplib.SMTP(host, port or 25, timeout=TIMEOUT_S)

"""The ledger of mails that are being sent: each step is written down before it is taken, under the attempt's fence.

Nobody can know whether a mail arrived whose sender died, or whose connection broke, between the last byte and the
server's answer (RFC 1047). Such an attempt is counted as uncertain, and the mail is sent again under the same
Message-ID.
"""

import hashlib
import hmac
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import Session, select

from shared import lifecycle
from shared.claims import Failure, Held
from shared.clock import now
from shared.emails import told_by
from shared.models import Email, EmailStage

GIVE_UP_AFTER = timedelta(hours=24)
JITTER = 0.2  # Delays differ by so much, so that what failed together does not come again together.
SUPPRESSED_DAYS = 30


@dataclass(frozen=True)
class Reply:
    """What a mail server said: its code, its enhanced code (RFC 3463) if it gave one, and its words."""

    code: int | None
    enhanced: str | None
    words: str

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.code, self.enhanced, self.words) if part)


@dataclass(frozen=True, kw_only=True)
class MailClaim(Held):
    """A mail held by a worker; `pause_s` is for how long the server is to be left alone, 0 as a rule."""

    email: Email = field(compare=False)
    pause_s: float = field(compare=False)


def claim(session: Session, part_id: UUID, dispatch_seq: int, *, worker_id: str, boot_id: UUID) -> MailClaim | None:
    """Take a dispatched mail for a worker; None means the message was doubled or stale.

    A former attempt that never told what the server answered is counted here.
    """
    taken = lifecycle.take(session, part_id, dispatch_seq, worker_id=worker_id, boot_id=boot_id)
    if taken is None:
        return None
    job, part = taken
    email = session.exec(select(Email).where(Email.job_id == job.id)).one()
    email.uncertain += email.stage == EmailStage.DATA_SENT
    email.stage = EmailStage.SENDING
    if email.event_key is not None and not email.params:
        email.params = told_by(session, email)
    pause = "SELECT coalesce(extract(epoch FROM max(until) - now()), 0) FROM mail_pauses"
    pause_s = max(0.0, float(session.execute(text(pause)).scalar_one()))
    return MailClaim(
        part_id=part.id,
        attempt=part.attempt,
        job_id=job.id,
        request_id=job.request_id,
        email=email,
        pause_s=pause_s,
    )


def keep_rendered(session: Session, held: MailClaim, *, sealed: bytes, message_id: str) -> None:
    """Keep the bytes that this and all later attempts send; raises FencedOut or CancelRequested."""
    email = _mine(session, held)
    email.rendered_sealed, email.message_id = sealed, message_id


def send_data(session: Session, held: MailClaim) -> None:
    """Note that the mail itself is about to be sent; raises FencedOut or CancelRequested, and then it must not be."""
    _mine(session, held).stage = EmailStage.DATA_SENT


def succeed(session: Session, held: MailClaim, reply: Reply) -> None:
    """End the job: the server has taken the mail. Nothing of its content is kept."""
    lifecycle.succeed(session, held)
    email = _answered(session, held, reply, EmailStage.SENT)
    email.sent_at = now()
    email.params, email.secret_sealed, email.rendered_sealed = {}, None, None


def fail(session: Session, held: MailClaim, failure: Failure, *, reply: Reply | None = None) -> None:
    """End the job for good."""
    lifecycle.fail(session, held, failure)
    _answered(session, held, reply, EmailStage.FAILED)


def defer(
    session: Session,
    held: MailClaim,
    failure: Failure,
    *,
    reply: Reply,
    backoff_s: Sequence[float],
    is_uncertain: bool = False,
) -> None:
    """Let the mail wait for its next step of the backoff, or give it up when that would come after a day."""
    email = session.get_one(Email, held.email.id)
    delay_s = backoff_s[min(email.deferrals, len(backoff_s) - 1)] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 — No secret.
    is_over = now() + timedelta(seconds=delay_s) > email.created_at + GIVE_UP_AFTER
    if is_over:
        lifecycle.fail(session, held, Failure("mail_given_up", f"A day of attempts brought nothing. {failure.message}"))
    else:
        lifecycle.defer(session, held, failure, delay_s=delay_s)
    _answered(session, held, reply, EmailStage.FAILED if is_over else EmailStage.WAITING)
    email.deferrals += 1
    email.uncertain += is_uncertain


def put_off(session: Session, held: MailClaim, failure: Failure, *, delay_s: float, reply: Reply | None = None) -> None:
    """Let the mail wait without a step of its backoff: what is wrong is not about this mail."""
    lifecycle.defer(session, held, failure, delay_s=delay_s)
    _answered(session, held, reply, EmailStage.WAITING)


def pause(session: Session, host: str, *, seconds: float, reason: str) -> None:
    """Leave a mail server alone for so long; mails wait undispatched meanwhile."""
    statement = """
        INSERT INTO mail_pauses (host, until, reason) VALUES (:host, now() + make_interval(secs => :seconds), :reason)
        ON CONFLICT (host) DO UPDATE SET until = greatest(mail_pauses.until, excluded.until),
            reason = excluded.reason"""
    session.execute(text(statement), {"host": host, "seconds": seconds, "reason": reason})


def end_pauses(session: Session) -> None:
    """Try every server again, because a mailer that has just started may have been given other credentials."""
    session.execute(text("DELETE FROM mail_pauses"))


def suppress(session: Session, address: str, *, key: SecretStr, reason: str) -> None:
    """Send nothing more to an address for a while."""
    statement = """
        INSERT INTO suppressed_addresses (address_hash, reason, created_at, until)
        VALUES (:hash, :reason, now(), now() + make_interval(days => :days))
        ON CONFLICT (address_hash) DO UPDATE SET reason = excluded.reason, until = excluded.until"""
    given = {"hash": _hash(address, key), "reason": reason, "days": SUPPRESSED_DAYS}
    session.execute(text(statement), given)


def suppressed_because(session: Session, address: str, *, key: SecretStr) -> str | None:
    """Return why nothing is sent to an address, None when nothing speaks against it."""
    statement = "SELECT reason FROM suppressed_addresses WHERE address_hash = :hash AND until > now()"
    reason: str | None = session.execute(text(statement), {"hash": _hash(address, key)}).scalar()
    return reason


def lift_suppression(session: Session, address: str, *, key: SecretStr) -> bool:
    """Send to an address again; say whether anything spoke against it."""
    statement = "DELETE FROM suppressed_addresses WHERE address_hash = :hash RETURNING 1"
    return session.execute(text(statement), {"hash": _hash(address, key)}).first() is not None


def _mine(session: Session, held: MailClaim) -> Email:
    lifecycle.check(session, held)
    return session.get_one(Email, held.email.id)


def _answered(session: Session, held: MailClaim, reply: Reply | None, stage: EmailStage) -> Email:
    email = session.get_one(Email, held.email.id)
    email.stage = stage
    if reply is not None:
        email.smtp_code, email.smtp_enhanced, email.smtp_text = reply.code, reply.enhanced, reply.words
    return email


def _hash(address: str, key: SecretStr) -> bytes:
    """Return what an address is known by; keyed, because addresses are easily guessed."""
    secret = key.get_secret_value().encode()
    return hmac.digest(secret, b"sheaf suppressed address\0" + address.lower().encode(), hashlib.sha256)

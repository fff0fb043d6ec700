"""The sending of one mail: compose it once, hand it to the server, and tell how that ended.

Whoever lost the claim sends nothing more.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog
from pydantic import SecretStr
from sqlmodel import Session

from shared import delivery, lifecycle
from shared.claims import Failure
from shared.database import Database
from shared.delivery import MailClaim, Reply
from shared.lifecycle import CancelRequested
from shared.sealing import EMAIL, seal, unseal
from worker.emails.answers import Answer, Verdict
from worker.emails.composing import Composer, NotComposable, ascii_address
from worker.emails.transport import Outgoing, Transport
from worker.holding import Holder, Stopping
from worker.presence import Presence

UNEXPECTED = Failure("internal_error", "Something unexpected happened while the mail was sent; try again.")
PAUSED = Failure("mail_server_paused", "The mail server is left alone for a while.")
log = structlog.get_logger(__name__)


class Mailer(Holder[MailClaim]):
    """Sends mails."""

    unexpected = UNEXPECTED
    patience_s = 60.0

    def __init__(
        self,
        database: Database,
        presence: Presence,
        *,
        composer: Composer,
        transport: Transport,
        key: SecretStr,
        backoff_s: Sequence[float],
    ) -> None:
        """Keep what every mail needs; `key` seals contents, `backoff_s` are the delays between attempts."""
        super().__init__(database, presence)
        self._composer = composer
        self._transport = transport
        self._key = key
        self._backoff_s = backoff_s
        self._is_stopping = False

    def stop_soon(self) -> None:
        """Hand back what has not begun to be sent; where a server thinks about a message, its answer is waited for."""
        self._is_stopping = True

    def _claim(self, session: Session, part_id: UUID, dispatch_seq: int) -> MailClaim | None:
        me = self._presence
        return delivery.claim(session, part_id, dispatch_seq, worker_id=me.worker_id, boot_id=me.boot_id)

    def _work(self, held: MailClaim) -> str:
        if held.pause_s:
            return self._end(lambda s: delivery.put_off(s, held, PAUSED, delay_s=held.pause_s), "paused")
        with self.leases.hold(held):
            try:
                reason = self._transact(
                    lambda s: delivery.suppressed_because(s, held.email.to_address, key=self._key),
                )
                if reason is not None:
                    return self._refuse(held, suppressed(reason))
                return self._record(held, self._send(held))
            except Stopping:
                return self._end(lambda s: lifecycle.hand_back(s, held), "handed back")
            except CancelRequested:
                return self._end(lambda s: lifecycle.confirm_cancel(s, held), "canceled")
            except NotComposable as error:
                return self._refuse(held, Failure(error.code, error.detail))

    def _send(self, held: MailClaim) -> Answer:
        mail = Outgoing(
            name=str(held.email.id),
            sender=self._composer.sender,
            recipient=ascii_address(held.email.to_address),
            content=self._content(held),
        )
        return self._transport.send(mail, before_data=lambda: self._before_data(held))

    def _before_data(self, held: MailClaim) -> None:
        if self._is_stopping:
            raise Stopping
        self._transact(lambda s: delivery.send_data(s, held))

    def _content(self, held: MailClaim) -> bytes:
        """Return the bytes of the first attempt, which all others send again."""
        kept = held.email.rendered_sealed
        opened = unseal(kept, self._key, purpose=EMAIL) if kept else None
        if opened is not None:
            return opened.encode("ascii")
        content = self._composer.compose(held.email)
        sealed = seal(content.decode("ascii"), self._key, purpose=EMAIL)
        name = self._composer.message_id(held.email)
        self._transact(lambda s: delivery.keep_rendered(s, held, sealed=sealed, message_id=name))
        return content

    def _record(self, held: MailClaim, answer: Answer) -> str:
        match answer.verdict:
            case Verdict.SENT:
                return self._end(lambda s: delivery.succeed(s, held, answer.reply), "sent")
            case Verdict.REFUSED:
                return self._end(lambda s: self._give_up(s, held, answer), "refused")
            case Verdict.LOCKED_OUT:
                return self._end(lambda s: self._lock_out(s, held, answer), "locked out")
        return self._end(lambda s: self._try_later(s, held, answer), answer.verdict.name.lower())

    def _give_up(self, session: Session, held: MailClaim, answer: Answer) -> None:
        delivery.fail(session, held, refused(answer.reply), reply=answer.reply)
        if answer.is_dead_address:
            delivery.suppress(session, held.email.to_address, key=self._key, reason=str(answer.reply))

    def _lock_out(self, session: Session, held: MailClaim, answer: Answer) -> None:
        """Leave the server alone, because every mail would get this answer, and somebody has to correct SMTP_URL."""
        log.error("the mail server does not let us in; correct SMTP_URL", said=str(answer.reply))
        delay_s = self._backoff_s[min(1, len(self._backoff_s) - 1)]
        delivery.put_off(session, held, postponed(answer), delay_s=delay_s, reply=answer.reply)
        delivery.pause(session, self._transport.host, seconds=delay_s, reason=str(answer.reply))

    def _try_later(self, session: Session, held: MailClaim, answer: Answer) -> None:
        delivery.defer(
            session,
            held,
            postponed(answer),
            reply=answer.reply,
            backoff_s=self._backoff_s,
            is_uncertain=answer.verdict is Verdict.UNDECIDED,
        )
        if answer.verdict is Verdict.SERVER_BUSY:
            log.warning("the mail server is left alone for a while", said=str(answer.reply))
            delivery.pause(session, self._transport.host, seconds=self._backoff_s[0], reason=str(answer.reply))

    def _refuse(self, held: MailClaim, failure: Failure) -> str:
        return self._end(lambda s: delivery.fail(s, held, failure), failure.code)


def refused(reply: Reply) -> Failure:
    return Failure("mail_refused", f"The mail server refused the mail: {reply}")


def suppressed(reason: str) -> Failure:
    return Failure("address_suppressed", f"An earlier mail to this address was refused, so none is sent: {reason}")


def postponed(answer: Answer) -> Failure:
    if answer.verdict is Verdict.UNDECIDED:
        return Failure("mail_uncertain", f"The mail server did not say whether it took the mail: {answer.reply}")
    return Failure("mail_postponed", f"The mail server could not take the mail yet: {answer.reply}")

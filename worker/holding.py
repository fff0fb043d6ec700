"""What every kind of worker does with a message: claim its part, work on it, and tell how that ended.

Transactions are short, and none is open during the work. Whoever lost the claim writes nothing more.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

import structlog
from sqlmodel import Session

from shared import lifecycle, tracing
from shared.claims import Failure, Held
from shared.database import Database
from shared.lifecycle import FencedOut
from worker.leases import Leases
from worker.presence import Presence
from worker.transactions import transact

Taken = TypeVar("Taken", bound=Held)
Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class Stopping(Exception):
    """This worker is shutting down."""


class Holder(ABC, Generic[Taken]):
    """Works on the parts that messages point to; one serves all slots of a worker."""

    unexpected: ClassVar[Failure]  # What a part ends with for now when its work raised what nobody foresaw.
    patience_s: ClassVar[float]  # For so long a transaction is tried again: a restart of Postgres costs no work.

    def __init__(self, database: Database, presence: Presence) -> None:
        """Hold nothing yet."""
        self.leases = Leases(database)
        self._database = database
        self._presence = presence

    def look_at(self, part_id: UUID, dispatch_seq: int) -> None:
        """Work on the part if this message is the fresh one; a doubled or stale message does nothing."""
        held = self._transact(lambda session: self._claim(session, part_id, dispatch_seq))
        if held is None:
            log.info("stale message", part=str(part_id), dispatch_seq=dispatch_seq)
            return
        if held.attempt == 1:
            tracing.tell_wait(held.part_id, held.request_id)
        named = {"job": str(held.job_id), "part": str(held.part_id), "attempt": held.attempt}
        with (
            structlog.contextvars.bound_contextvars(request_id=held.request_id, **named),
            tracing.span("attempt", held.request_id, **named) as told,
        ):
            told["outcome"] = self._run(held)

    @abstractmethod
    def _claim(self, session: Session, part_id: UUID, dispatch_seq: int) -> Taken | None:
        """Take the part; None when the message was doubled or stale."""

    @abstractmethod
    def _work(self, held: Taken) -> str:
        """Do what the part is for, end it, and return in a word how; raises FencedOut when somebody else has it."""

    def _run(self, held: Taken) -> str:
        started = time.monotonic()
        try:
            outcome = self._work(held)
        except FencedOut:
            outcome = "fenced out"
        except Exception:  # an edge: whatever happens in here, the part must not stay unanswered.
            log.exception("part failed unexpectedly")
            outcome = self._end_unexpectedly(held)
        log.info("part ended", outcome=outcome, seconds=round(time.monotonic() - started, 3))
        return outcome

    def _end_unexpectedly(self, held: Taken) -> str:
        try:
            return self._end(lambda s: lifecycle.retry_later(s, held, self.unexpected), "unexpected")
        except FencedOut:
            return "fenced out"

    def _end(self, transition: Callable[[Session], None], outcome: str) -> str:
        self._transact(transition)
        return outcome

    def _transact(self, work: Callable[[Session], Result]) -> Result:
        return transact(self._database, work, patience_s=self.patience_s)

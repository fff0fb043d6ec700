"""The leading dispatcher's chores: each has its own pace and transaction, and the failure of one stops no other."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlmodel import Session

from shared import dispatching, emails, erasure, idempotency, news, recovery, renditions, sign_ins, tallies, unowned
from shared.database import Database
from shared.settings import Settings
from shared.storage import BlobStore

QUICK_S = 1.0
LOST_S = 2.0
COUNTED_S = 15.0  # As often as Prometheus usually asks.
SLOW_S = 60.0
RENDITION_JOBS_DAYS = 7
log = structlog.get_logger(__name__)


@dataclass
class Chore:
    """Something to do every `every_s` seconds; it returns how much it did."""

    name: str
    every_s: float
    work: Callable[[], int]
    next_at: float = 0.0


class Upkeep:
    """Does what is due."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        """All chores are due at once."""
        self._chores = chores

    def turn(self) -> None:
        for chore in self._chores:
            if time.monotonic() >= chore.next_at:
                self._do(chore)

    def _do(self, chore: Chore) -> None:
        chore.next_at = time.monotonic() + chore.every_s
        try:
            done = chore.work()
        except Exception:  # an edge: trouble with one chore must stop neither the others nor the dispatching.
            log.exception("a chore failed", chore=chore.name)
        else:
            if done:
                log.info("upkeep", chore=chore.name, count=done)


class Housekeeping:
    """A thread for chores that may take long, so that no part waits for them; it rests while `is_due` says no."""

    def __init__(self, upkeep: Upkeep, *, is_due: Callable[[], bool]) -> None:
        """Nothing is done before `start`."""
        self._upkeep = upkeep
        self._is_due = is_due
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(QUICK_S):
            if self._is_due():
                self._upkeep.turn()


def quick_chores(database: Database) -> list[Chore]:
    """What keeps parts moving."""
    return [
        Chore("queue again what waited its time", QUICK_S, lambda: _alone(database, dispatching.requeue_due)),
        Chore("take back what was lost", LOST_S, lambda: recovery.reap(database)),
        Chore("end what is past its deadline", LOST_S, lambda: recovery.expire_due(database)),
    ]


def slow_chores(database: Database, blobs: BlobStore, settings: Settings) -> list[Chore]:
    """What keeps the installation from filling up."""
    chores = [
        Chore("count what ended", COUNTED_S, lambda: _alone(database, tallies.count)),
        Chore("erase blobs that nobody owns", SLOW_S, lambda: unowned.erase_due(database, blobs)),
        Chore("forget jobs that made renditions", SLOW_S, lambda: _alone(database, _forget_rendition_jobs)),
        Chore("forget old idempotency keys", SLOW_S, lambda: _alone(database, idempotency.forget_old)),
        Chore("forget expired sign-ins", SLOW_S, lambda: _alone(database, sign_ins.forget_expired)),
        Chore("forget old news", SLOW_S, lambda: _alone(database, news.forget_old)),
        Chore(
            "forget old attempts",
            SLOW_S,
            lambda: _alone(database, lambda s: erasure.forget_attempts(s, days=settings.retain_attempts_days)),
        ),
        Chore(
            "forget old mails",
            SLOW_S,
            lambda: _alone(database, lambda s: emails.forget_old(s, days=settings.retain_attempts_days)),
        ),
    ]
    days = settings.retain_documents_days
    if days is not None:
        chores.append(Chore("erase old documents", SLOW_S, lambda: erasure.erase_old_documents(database, days=days)))
    return chores


def _forget_rendition_jobs(session: Session) -> int:
    return renditions.forget_old_jobs(session, days=RENDITION_JOBS_DAYS)


def _alone(database: Database, work: Callable[[Session], int]) -> int:
    with database.unit_of_work() as session:
        return work(session)

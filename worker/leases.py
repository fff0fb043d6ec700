"""The leases of a worker: one thread renews all claims it holds in one statement, whatever their slots are doing.

Each renewal also brings back what the slot has to know: that its claim is lost, canceled or past its deadline.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from shared import lifecycle
from shared.claims import Held
from shared.database import Database
from shared.errors import SheafError

HEARTBEAT_S = 2.0  # A running job is canceled within 5 s: this, a tick of the sandbox, and two transactions.
log = structlog.get_logger(__name__)


class Leases:
    """Renews while it is started; what a renewal brings shows at the next `check`."""

    def __init__(self, database: Database) -> None:
        """Hold nothing yet."""
        self._database = database
        self._held: dict[Held, Lease] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._renew_for_ever, name="leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    @contextmanager
    def hold(self, claim: Held) -> Iterator["Lease"]:
        """Keep a claim renewed within the block."""
        lease = Lease()
        with self._lock:
            self._held[claim] = lease
        try:
            yield lease
        finally:
            with self._lock:
                del self._held[claim]

    def renew(self) -> None:
        """Renew all leases once, and tell those that must not go on."""
        with self._lock:
            held = dict(self._held)
        if not held:
            return
        with self._database.unit_of_work() as session:
            said = lifecycle.beat(session, list(held))
        for claim, reason in said.items():
            held[claim].end = reason

    def _renew_for_ever(self) -> None:
        while not self._stopping.wait(HEARTBEAT_S):
            try:
                self.renew()
            except Exception as error:  # noqa: BLE001 — an edge: this thread must outlive every database trouble.
                log.warning("leases could not be renewed", error=str(error))


class Lease:
    """One claim's lease, as its slot sees it."""

    end: type[SheafError] | None = None

    def check(self) -> None:
        """Raise FencedOut, CancelRequested or DeadlinePassed once the slot must stop."""
        if self.end is not None:
            raise self.end

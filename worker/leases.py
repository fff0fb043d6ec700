"""The leases of a worker: one thread renews all claims it holds in one statement, whatever their slots are doing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from shared import lifecycle
from shared.database import Database
from shared.lifecycle import Claim, FencedOut

HEARTBEAT_S = 5.0
log = structlog.get_logger(__name__)


class Leases:
    """Renews while it is started; a lease that is lost shows at the next `check`."""

    def __init__(self, database: Database) -> None:
        """Hold nothing yet."""
        self._database = database
        self._held: dict[Claim, threading.Event] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._renew_for_ever, name="leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    @contextmanager
    def hold(self, claim: Claim) -> Iterator["Lease"]:
        """Keep a claim renewed within the block."""
        lost = threading.Event()
        with self._lock:
            self._held[claim] = lost
        try:
            yield Lease(lost)
        finally:
            with self._lock:
                del self._held[claim]

    def renew(self) -> None:
        """Renew all leases once, and mark those that are another attempt's now."""
        with self._lock:
            held = dict(self._held)
        if not held:
            return
        with self._database.unit_of_work() as session:
            kept = lifecycle.beat(session, list(held))
        for claim in held.keys() - kept:
            held[claim].set()

    def _renew_for_ever(self) -> None:
        while not self._stopping.wait(HEARTBEAT_S):
            try:
                self.renew()
            except Exception as error:  # noqa: BLE001 — an edge: this thread must outlive every database trouble.
                log.warning("leases could not be renewed", error=str(error))


class Lease:
    """One claim's lease, as its slot sees it."""

    def __init__(self, lost: threading.Event) -> None:
        """`lost` is set by whoever renews."""
        self._lost = lost

    def check(self) -> None:
        """Raise FencedOut once the part belongs to another attempt."""
        if self._lost.is_set():
            raise FencedOut

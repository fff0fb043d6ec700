"""The check of the engine: in idle time pages that it has read are read again, both ways, and compared.

A worker looks for a page only while no part waits or runs anywhere, and lets go of it as soon as one does.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog
from pydantic import SecretStr
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from shared import engine_checks
from shared.database import Database
from shared.engine_checks import UNCLEAR, PageToCheck
from shared.errors import SheafError
from shared.sealing import unseal
from shared.storage import BlobStore
from worker.extraction.limits import Limits
from worker.extraction.sandbox import Sandbox

LOOK_EVERY_S = 5.0
SAME = "same"
Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class WorkCame(Exception):
    """There is something better to do."""


class EngineChecks:
    """A thread that checks one page after the other while there is nothing else to do."""

    def __init__(
        self, database: Database, blobs: BlobStore, sandbox: Sandbox, *, limits: Limits, key: SecretStr
    ) -> None:
        """Nothing is checked before `start`; `key` unseals document passwords."""
        self._database = database
        self._blobs = blobs
        self._sandbox = sandbox
        self._limits = limits
        self._key = key
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine checks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def turn(self) -> str | None:
        """Check one page if there is nothing else to do, and return the outcome; None when there was no check."""
        page = self._transact(lambda s: engine_checks.take(s) if engine_checks.is_idle(s) else None)
        if page is None:
            return None
        outcome: str | None = UNCLEAR
        try:
            outcome = self._check(page)
        except WorkCame:
            outcome = None
        except (SheafError, FileNotFoundError) as error:
            log.warning("engine check is unclear", document=str(page.document_id), page=page.number, error=str(error))
        self._transact(lambda s: engine_checks.tell(s, page, outcome))
        return outcome

    def _check(self, page: PageToCheck) -> str:
        password = unseal(page.password_sealed, self._key) if page.password_sealed else None
        with self._sandbox.extraction(
            lambda: self._blobs.open(page.blob_key),
            password=password,
            limits=self._limits,
            on_wait=self._give_way,
            is_repaired=page.is_repaired,
        ) as extraction:
            differing = extraction.check(page.number)
        if not differing:
            return SAME
        log.error("engine differs from pdfplumber", document=str(page.document_id), page=page.number, in_what=differing)
        return f"differs: {', '.join(differing)}"

    def _give_way(self) -> None:
        if self._stopping.is_set() or not self._transact(engine_checks.is_idle):
            raise WorkCame

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                while not self._stopping.is_set() and self.turn() is not None:
                    pass
            except (OperationalError, InterfaceError, PoolTimeout) as error:
                log.warning("no engine check without the database", error=str(error))
            except Exception:  # an edge: trouble with a check must not end the checks.
                log.exception("an engine check failed")

    def _transact(self, work: Callable[[Session], Result]) -> Result:
        with self._database.unit_of_work() as session:
            return work(session)

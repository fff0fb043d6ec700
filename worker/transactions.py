"""Transactions of workers, which outlast a restart of Postgres: a broken connection costs no work."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from shared.database import Database

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


def transact(database: Database, work: Callable[[Session], Result], *, patience_s: float) -> Result:
    """Run one transaction, trying again for so long; `work` may therefore run more than once.

    There is always a second try, because a process that was frozen finds its connection closed and its time over.
    """
    give_up = time.monotonic() + patience_s
    is_first_try = True
    while True:
        try:
            with database.unit_of_work() as session:
                return work(session)
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            if not is_first_try and time.monotonic() > give_up:
                raise
            log.warning("database trouble, trying again", error=str(error))
            time.sleep(0 if is_first_try else 0.5)  # A connection that was idle may have been lost long ago.
            is_first_try = False

"""The connection to Postgres and the unit of work: one transaction, committed at the end or not at all."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

STATEMENT_TIMEOUT_MS = 15_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000
IDLE_S = 1.0


class Database:
    """A pool of connections to one database."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Connect lazily; `url` has the scheme `postgresql+psycopg://`."""
        self.url = url
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            hide_parameters=True,  # They would put addresses, hashes and page contents into logs.
            connect_args={
                "connect_timeout": 5,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
                f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS}",
            },
        )
        event.listen(self.engine, "connect", _send_lists_in_binary)
        event.listen(self.engine, "checkin", _note_use)
        event.listen(self.engine, "checkout", _ask_idle_one)
        self._frozen = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """Open one transaction; leaving the block commits it, an exception rolls all of it back."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Open a transaction that only reads, and sees one moment in all of its statements.

        Without it a reader could see a job that has ended beside a document from before its end.
        """
        with Session(self._frozen, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def single_statements(self) -> Iterator[Session]:
        """Make each statement a transaction of its own, which spares the way to the server and back for its ends."""
        with Session(self._autocommit, expire_on_commit=False) as session:
            yield session

    @property
    def dsn(self) -> str:
        """The same address for psycopg itself, which the listeners use."""
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)

    @property
    def in_use(self) -> int:
        """How many connections of the pool somebody holds at this moment."""
        return int(self.engine.pool.checkedout())  # type: ignore[attr-defined]  # Only pools with a bound know.

    def close(self) -> None:
        self.engine.dispose()


def _send_lists_in_binary(connection: psycopg.Connection[Any], _: ConnectionPoolEntry) -> None:
    """Spare lists of bytes, the contents of pages, the text form: escaping and parsing take twenty times longer."""
    connection.adapters.register_dumper(list, ListBinaryDumper)


def _note_use(_: Any, entry: ConnectionPoolEntry) -> None:
    entry.info["used_at"] = time.monotonic()


def _ask_idle_one(connection: psycopg.Connection[Any], entry: ConnectionPoolEntry, _: object) -> None:
    """Ask a connection that nobody used for a while whether it lives, so that a restart of Postgres goes unnoticed.

    Asking each time, as the pool can do by itself, is a fifth of the statements that reading a one-page PDF takes.
    Raises DisconnectionError, upon which the pool takes another.
    """
    if time.monotonic() - entry.info.get("used_at", -math.inf) > IDLE_S:
        try:
            connection.execute("")
            connection.rollback()
        except psycopg.Error as error:
            raise DisconnectionError from error

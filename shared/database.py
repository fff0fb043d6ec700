"""The connection to Postgres and the unit of work: one transaction, committed at the end or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlmodel import Session

STATEMENT_TIMEOUT_MS = 15_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000


class Database:
    """A pool of connections to one database."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Connect lazily; `url` has the scheme `postgresql+psycopg://`."""
        self.url = url
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            pool_timeout=10,
            hide_parameters=True,  # They would put addresses, hashes and page contents into logs.
            connect_args={
                "connect_timeout": 5,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
                f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS}",
            },
        )

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
        frozen = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with Session(frozen, expire_on_commit=False) as session, session.begin():
            yield session

    @property
    def dsn(self) -> str:
        """The same address for psycopg itself, which the listeners use."""
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)

    def close(self) -> None:
        self.engine.dispose()

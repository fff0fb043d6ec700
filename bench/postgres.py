"""A throw-away Postgres with Sheaf's tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.throwaway import UNSAFE_BUT_FAST, free_port, running_store, throwaway_folder
from cli.migrate import upgrade
from cli.up.postgres import prepare_postgres
from shared.database import Database


@contextmanager
def throwaway_database() -> Iterator[Database]:
    """Start a server, migrate it, and leave nothing of it behind."""
    with throwaway_folder("sheaf-bench-") as folder:
        cluster = prepare_postgres(folder / "postgres", port=free_port())
        with running_store(cluster.command(extra=UNSAFE_BUT_FAST), cluster.is_ready):
            database = Database(cluster.url.replace("postgresql://", "postgresql+psycopg://"))
            upgrade(database.engine)
            yield database
            database.close()

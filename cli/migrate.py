"""`sheaf migrate`: brings the database to the current schema, one process at a time."""

import sys

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from cli.operation import join_platform
from cli.up.environment import ROOT
from shared.settings import get_settings

ADVISORY_LOCK = 0x5EAF  # Any number of our own; others that migrate wait for it.


def migrate() -> int:
    join_platform()
    settings = get_settings()
    engine = create_engine(settings.database_url, connect_args={"connect_timeout": 10})
    try:
        upgrade(engine)
    except OperationalError as error:
        print(f"The database cannot be migrated: {str(error.orig).strip()}", file=sys.stderr)
        return 1
    finally:
        engine.dispose()
    return 0


def upgrade(engine: Engine, *, revision: str = "head") -> None:
    """Run the missing revisions in one transaction, alone."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

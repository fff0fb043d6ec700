"""Whether Postgres can be reached, is new enough, has our schema, and keeps the time and the isolation we count on."""

from collections.abc import Iterator
from datetime import timedelta

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from cli.doctor.findings import Finding, fault, ok, warning
from cli.up.environment import ROOT
from cli.up.errors import BinaryMissing
from cli.up.postgres import OLDEST_VERSION, find_binaries
from shared.clock import now
from shared.settings import Settings

CONNECTIONS_OF_A_PROCESS = 25  # The pool of `shared.database`, what may overflow it, and the listeners.
SKEW_NOTED_S, SKEW_REFUSED_S = 2.0, 30.0


def look(settings: Settings) -> Iterator[Finding]:
    engine = create_engine(settings.database_url, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            yield from _version(connection)
            yield _schema(connection)
            yield _isolation(connection)
            yield _connections(connection, settings)
            yield skew(_ahead(connection))
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", error)).strip().splitlines()[0]
        yield fault("postgres", f"it cannot be used: {said}", "Start it, or correct DATABASE_URL.")
    finally:
        engine.dispose()


def look_for_embedded() -> Iterator[Finding]:
    try:
        yield ok("postgres", f"`./sheaf up` will start {find_binaries() / 'postgres'}.")
    except BinaryMissing as error:
        yield fault("postgres", "there is none to start.", str(error))


def skew(ahead: timedelta) -> Finding:
    """Judge by how much this machine's clock is ahead of the database's."""
    seconds = ahead.total_seconds()
    said = f"this machine's clock and the database's differ by {abs(seconds):.1f} s."
    if abs(seconds) < SKEW_NOTED_S:
        return ok("clock", said)
    advice = "Let both be set by NTP; tokens and times that people see depend on it."
    return (fault if abs(seconds) >= SKEW_REFUSED_S else warning)("clock", said, advice)


def _version(connection: Connection) -> Iterator[Finding]:
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    if number < OLDEST_VERSION:
        yield fault("postgres", f"version {number} is too old.", f"Upgrade it to {OLDEST_VERSION} or later.")
    else:
        yield ok("postgres", f"version {number} answers.")
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        yield fault("postgres.encoding", f"it is {encoding}.", "Make the database anew with ENCODING 'UTF8'.")


def _schema(connection: Connection) -> Finding:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    script = ScriptDirectory.from_config(config)
    current, newest = MigrationContext.configure(connection).get_current_revision(), script.get_current_head()
    if current == newest:
        return ok("schema", f"it is at revision {current}, the newest.")
    if current is not None and current not in {each.revision for each in script.walk_revisions()}:
        return fault("schema", f"revision {current} is newer than this code.", "Run the code of that release.")
    return fault("schema", f"it is at revision {current or 'none'}, not {newest}.", "Run ./sheaf migrate.")


def _isolation(connection: Connection) -> Finding:
    level = connection.execute(text("SELECT current_setting('default_transaction_isolation')")).scalar_one()
    if level == "read committed":
        return ok("isolation", "transactions begin as read committed.")
    advice = "ALTER DATABASE … RESET default_transaction_isolation; the locks are written for read committed."
    return fault("isolation", f"transactions begin as {level}.", advice)


def _connections(connection: Connection, settings: Settings) -> Finding:
    most = int(connection.execute(text("SHOW max_connections")).scalar_one())
    needed = CONNECTIONS_OF_A_PROCESS * (settings.web_concurrency + 3)
    said = f"{most} connections are allowed; processes on this machine may want {needed}."
    if most >= needed:
        return ok("connections", said)
    return warning("connections", said, "Raise max_connections, or start fewer API processes.")


def _ahead(connection: Connection) -> timedelta:
    before = now()
    theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    between: timedelta = before + (now() - before) / 2 - theirs
    return between

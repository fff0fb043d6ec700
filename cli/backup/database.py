"""Saves a database into a file and brings it back, by Postgres's own programs; no secret is in their arguments."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from cli.backup.errors import BackupFailed
from cli.up.postgres import find_binaries

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


def dump(url: str, file: Path) -> None:
    """Write one moment of the database; work goes on meanwhile."""
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")


def restore(url: str, file: Path) -> None:
    """Fill an empty database, all or nothing."""
    options = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    _run("pg_restore", url, *options, f"--dbname={make_url(url).database}", str(file))


def is_empty(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return bool(connection.execute(text(TABLES)).scalar_one() == 0)
    finally:
        engine.dispose()


def _run(program: str, url: str, *options: str) -> None:
    environment = {**os.environ, **_parameters(url)}
    done = subprocess.run(
        [find_binaries() / program, *options], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()}")


def _parameters(url: str) -> Mapping[str, str]:
    """Return an address as the variables of libpq, which no list of processes shows."""
    parts = make_url(url)
    given = {
        "PGHOST": parts.host,
        "PGPORT": parts.port,
        "PGUSER": parts.username,
        "PGPASSWORD": parts.password,
        "PGDATABASE": parts.database,
        **{f"PG{name.upper()}": value for name, value in parts.query.items()},
    }
    return {name: str(value) for name, value in given.items() if value is not None}

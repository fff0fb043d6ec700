"""Saves the installation that runs here, or the one that DATABASE_URL names, and brings it back into an empty one."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from obstore.exceptions import BaseError
from sqlalchemy.exc import SQLAlchemyError

from cli.backup.archive import Archive
from cli.backup.errors import BackupFailed
from cli.client.terminal import counted
from cli.operation import join_platform
from cli.up.data import DataDirectory, write_private
from cli.up.environment import read_environment
from cli.up.errors import UpError
from cli.up.interrupts import Interrupts
from cli.up.log import Log
from cli.up.postgres import prepare_postgres
from cli.up.supervisor import StopAsked, Supervisor
from shared.errors import SheafError
from shared.settings import get_settings
from shared.storage import BlobStore

KEY = "secret-key"


def backup(folder: Path) -> int:
    return _ending(lambda: _backup(Archive(folder)))


def restore(folder: Path) -> int:
    return _ending(lambda: _restore(Archive(folder)))


def _ending(work: Callable[[], None]) -> int:
    os.umask(0o077)
    try:
        work()
    except (BackupFailed, UpError, SheafError, SQLAlchemyError, BaseError, OSError) as error:
        print(f"sheaf: {str(getattr(error, 'orig', error)).strip()}", file=sys.stderr)
        return 1
    except StopAsked:
        return 130
    return 0


def _backup(archive: Archive) -> None:
    if not join_platform():
        raise BackupFailed("Nothing runs here: start `./sheaf up` first, or set DATABASE_URL.")
    settings = get_settings()
    key = settings.secret_key.get_secret_value()
    count = archive.save(settings.database_url, BlobStore(settings.storage), key=key)
    print(f"{archive.folder} has the database, {counted(count, 'file')} and the signing key.")


def _restore(archive: Archive) -> None:
    archive.check()
    environment = read_environment(Path.cwd())
    is_embedded = "DATABASE_URL" not in environment
    with _embedded(environment, archive) if is_embedded else _given(environment) as url:
        supplied = {"BROKER_URL": "redis://127.0.0.1", "SECRET_KEY": archive.key.read_text()}
        os.environ.update({**supplied, **environment, "DATABASE_URL": url})
        settings = get_settings()
        count = archive.load(settings.database_url, BlobStore(settings.storage))
    print(f"The database and {counted(count, 'file')} are back. Start the platform, then run ./sheaf audit --blobs.")
    if not is_embedded and environment.get("SECRET_KEY") != archive.key.read_text():
        print(f"Set SECRET_KEY to what {archive.key} says, or people sign in anew and passwords of PDFs are lost.")


@contextmanager
def _given(environment: Mapping[str, str]) -> Iterator[str]:
    yield environment["DATABASE_URL"]


@contextmanager
def _embedded(environment: Mapping[str, str], archive: Archive) -> Iterator[str]:
    """Run the data directory's own Postgres, and nothing else; raises AlreadyRunning."""
    data = DataDirectory(Path(environment["SHEAF_DATA"]))
    with data.lock(), Interrupts() as interrupts:
        folder = data.cluster(for_other_account=os.geteuid() == 0)
        cluster = prepare_postgres(folder, port=data.port("postgres"), password=data.secret("postgres"))
        supervisor = Supervisor(Log(sys.stderr), interrupts)
        try:
            supervisor.add(cluster.command())
            supervisor.run_until(cluster.is_ready)
            yield cluster.url
        finally:
            supervisor.stop()
        write_private(data.path / f"{KEY}.secret", archive.key.read_text())

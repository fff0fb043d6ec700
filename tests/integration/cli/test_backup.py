"""A backup holds whatever its dump names, and comes back whole into an empty installation."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from api.app import create_app
from cli.backup.archive import Archive
from cli.backup.errors import BackupFailed
from shared.audit import audit_blobs, audit_database
from shared.database import Database
from shared.settings import Settings
from shared.storage import BlobStore
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded


@pytest.fixture
def document(client: TestClient, bench: Bench) -> str:
    """A document that was read."""
    document = uploaded(sign_in(client), text_pdf(text="A sheaf that was saved"))
    bench.run_all()
    return str(document["id"])


@pytest.fixture
def archive(settings: Settings, document: str, tmp_path: Path) -> Archive:
    assert document
    archive = Archive(tmp_path / "backup")
    key = settings.secret_key.get_secret_value()
    assert archive.save(settings.database_url, BlobStore(settings.storage), key=key) == 1
    return archive


@pytest.fixture
def emptied(settings: Settings, admin: psycopg.Connection, tmp_path: Path) -> Iterator[Settings]:
    """The settings of another installation, of which there is only an empty database."""
    name = f"sheaf_restored_{uuid4().hex[:12]}"
    admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    url = make_url(settings.database_url).set(database=name).render_as_string(hide_password=False)
    changed = {"database_url": url, "sheaf_data": tmp_path / "other"}
    yield Settings(_env_file=None, **{**settings.model_dump(), **changed})
    admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def test_what_was_saved_is_there_again_and_passes_the_audit(
    archive: Archive, emptied: Settings, client: TestClient, document: str
) -> None:
    assert archive.load(emptied.database_url, BlobStore(emptied.storage)) == 1
    with TestClient(create_app(emptied)) as restored:
        restored.headers["Authorization"] = client.headers["Authorization"]
        assert restored.get(f"/documents/{document}/text").text == "A sheaf that was saved"
        assert restored.get(f"/documents/{document}/file").content.startswith(b"%PDF")
    database = Database(emptied.database_url)
    findings = [*audit_database(database), *audit_blobs(database, BlobStore(emptied.storage))]
    database.close()
    assert [found.check.claim for found in findings if not found.holds] == []


def test_nothing_is_restored_over_what_is_there(archive: Archive, settings: Settings) -> None:
    with pytest.raises(BackupFailed, match="something in the database already"):
        archive.load(settings.database_url, BlobStore(settings.storage))


def test_a_backup_is_never_written_into_another(archive: Archive, settings: Settings) -> None:
    with pytest.raises(BackupFailed, match="not empty"):
        archive.save(settings.database_url, BlobStore(settings.storage), key="key")


def test_an_unfinished_backup_is_none(archive: Archive, emptied: Settings) -> None:
    archive.dump.unlink()
    with pytest.raises(BackupFailed, match="no complete backup"):
        archive.load(emptied.database_url, BlobStore(emptied.storage))


def test_only_its_owner_may_look_into_a_backup(archive: Archive) -> None:
    assert archive.folder.stat().st_mode & 0o077 == 0
    assert archive.key.stat().st_mode & 0o077 == 0

"""Blobs that nobody owns are known before they exist, and erased when their time is over."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from shared import unowned
from shared.audit import audit_database
from shared.database import Database
from shared.storage import BlobStore
from shared.unowned import UploadExpired

KILLED_WRITER = """
import asyncio, os, sys
from shared.storage import BlobStore

async def chunks():
    for _ in range(int(sys.argv[2])):
        yield bytes(2**20)
    os.kill(os.getpid(), 9)

asyncio.run(BlobStore(sys.argv[1]).write("ab/x", chunks()))
"""


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore((tmp_path / "blobs").as_uri())


def store(blobs: BlobStore, key: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"%PDF-"

    asyncio.run(blobs.write(key, chunks()))


def expect(database: Database, key: str, *, hours_ago: float = 0) -> None:
    with database.unit_of_work() as session:
        unowned.expect(session, key)
        statement = "UPDATE unowned_blobs SET erase_after = erase_after - make_interval(secs => :s) WHERE key = :key"
        session.execute(text(statement), {"key": key, "s": hours_ago * 3600})


def rows(database: Database) -> list[str]:
    with database.unit_of_work() as session:
        return list(session.execute(text("SELECT key FROM unowned_blobs ORDER BY erase_after")).scalars())


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("hours_ago", "left"), [(23, ["x"]), (25, [])])
def test_an_expected_blob_has_a_day(
    database: Database, blobs: BlobStore, tmp_path: Path, hours_ago: float, left: list[str]
) -> None:
    expect(database, "ab/x", hours_ago=hours_ago)
    store(blobs, "ab/x")
    assert unowned.erase_due(database, blobs) == 1 - len(left)
    assert files_below(tmp_path) == left
    assert len(rows(database)) == len(left)


def test_an_owned_blob_is_never_erased(database: Database, blobs: BlobStore, tmp_path: Path) -> None:
    expect(database, "ab/x", hours_ago=23)
    store(blobs, "ab/x")
    with database.unit_of_work() as session:
        unowned.own(session, "ab/x")
    assert rows(database) == []
    assert unowned.erase_due(database, blobs) == 0
    assert files_below(tmp_path) == ["x"]


def test_a_blob_that_is_due_cannot_be_owned(database: Database) -> None:
    expect(database, "ab/x", hours_ago=25)
    with pytest.raises(UploadExpired, match="upload it again"), database.unit_of_work() as session:
        unowned.own(session, "ab/x")
    assert rows(database) == ["ab/x"]


def test_a_disowned_blob_is_due_at_once(database: Database, blobs: BlobStore, tmp_path: Path) -> None:
    for key in ("ab/x", "ab/y"):
        store(blobs, key)
    expect(database, "ab/x")
    with database.unit_of_work() as session:
        unowned.disown(session, "ab/x")
        unowned.disown(session, "ab/y")
    assert unowned.erase_due(database, blobs, limit=1) == 1
    assert unowned.erase_due(database, blobs) == 1
    assert files_below(tmp_path) == []


def test_a_blob_that_somebody_is_about_to_own_is_passed_over(database: Database, blobs: BlobStore) -> None:
    store(blobs, "ab/x")
    expect(database, "ab/x", hours_ago=24 - 0.5 / 3600)
    with ThreadPoolExecutor() as pool, database.unit_of_work() as owner:
        unowned.own(owner, "ab/x")
        time.sleep(0.6)  # Now it is due.
        assert pool.submit(unowned.erase_due, database, blobs).result(timeout=3) == 0
    assert blobs.size("ab/x")


def test_an_owner_that_comes_while_the_blob_is_erased_gets_none(database: Database) -> None:
    expect(database, "ab/x")
    with ThreadPoolExecutor() as pool:
        with database.unit_of_work() as eraser:
            eraser.execute(text("DELETE FROM unowned_blobs"))
            owning = pool.submit(own, database, "ab/x")
        with pytest.raises(UploadExpired):
            owning.result(timeout=5)


def own(database: Database, key: str) -> None:
    with database.unit_of_work() as session:
        unowned.own(session, key)


def test_a_blob_that_is_gone_already_is_no_error(database: Database, blobs: BlobStore) -> None:
    expect(database, "ab/never-stored", hours_ago=25)
    assert unowned.erase_due(database, blobs) == 1
    assert rows(database) == []


def test_what_the_store_refuses_holds_up_no_other_and_stays_overdue(
    database: Database, blobs: BlobStore, tmp_path: Path
) -> None:
    (tmp_path / "blobs/ab/stuck/inner").mkdir(parents=True)  # A folder is no file to delete.
    expect(database, "ab/stuck", hours_ago=50)
    expect(database, "ab/x", hours_ago=25)
    assert unowned.erase_due(database, blobs) == 1
    assert unowned.erase_due(database, blobs) == 0
    assert rows(database) == ["ab/stuck"]
    assert [found.check.name for found in audit_database(database) if not found.holds] == ["erased"]
    with pytest.raises(UploadExpired):
        own(database, "ab/stuck")


@pytest.mark.processes
@pytest.mark.parametrize("mebibytes", [1, 12])
def test_what_a_killed_upload_left_half_written_is_erased(
    database: Database, blobs: BlobStore, tmp_path: Path, mebibytes: int
) -> None:
    expect(database, "ab/x", hours_ago=25)
    url = (tmp_path / "blobs").as_uri()
    done = subprocess.run([sys.executable, "-c", KILLED_WRITER, url, str(mebibytes)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert files_below(tmp_path) == ["x#1"]
    assert unowned.erase_due(database, blobs) == 1
    assert files_below(tmp_path) == []

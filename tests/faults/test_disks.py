"""F13: the disk of the uploads, and that of Postgres, are full for a while."""

import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from shared.storage import MIN_FREE_BYTES
from tests.faults.conftest import Shared
from tests.faults.load import Load
from tests.faults.rows import conclude
from tests.faults.small_disk import SmallDisk, small_disk
from tests.faults.stage import Stage, stage
from tests.faults.table import Line

FULL_S = 10
ROOM_FOR_UPLOADS_MB = 24
CLUSTER_MB = 300
HONEST = {0, 200, 202, 409, 503, 507}
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture
def blob_disk() -> Iterator[SmallDisk]:
    with small_disk(megabytes=MIN_FREE_BYTES // 2**20 + ROOM_FOR_UPLOADS_MB) as disk:
        yield disk


@pytest.mark.row("F13", "disk of the uploads full for 10 s")
def test_a_full_disk_refuses_uploads_and_recovers_by_itself(
    shared_stage: Shared, blob_disk: SmallDisk, line: Line
) -> None:
    found = shared_stage.get()
    found.close()
    found.open(STORAGE_URL=(blob_disk.folder / "blobs").as_uri())
    load = Load(found, "f13")
    with load.running(every_s=0.1):
        load.wait_finished(20)
        full_at = time.time()
        blob_disk.fill()
        time.sleep(FULL_S)
        blob_disk.free()
        freed_at = time.time()
    conclude(load, line, fault_at=freed_at, within_s=10)
    said = answers(load, since=full_at, until=freed_at)
    line.add(f"while full {told(said)}")
    half = staged_files(blob_disk)
    load.close()
    found.close()
    found.open()
    assert said[507] > 0
    assert set(said) <= HONEST
    assert half == 0


@pytest.fixture
def cluster_disk(shared_stage: Shared) -> Iterator[SmallDisk]:
    shared_stage.close()
    with small_disk(megabytes=CLUSTER_MB) as disk:
        yield disk


@pytest.mark.row("F13", "disk of Postgres full for 10 s")
def test_a_full_disk_of_postgres_loses_nothing(cluster_disk: SmallDisk, line: Line) -> None:
    with stage(on=partial(Stage, cluster=cluster_disk.folder / "postgres")) as made:
        made.open()
        load = Load(made, "f13")
        with load.running(every_s=0.1):
            load.wait_finished(20)
            full_at = time.time()
            cluster_disk.fill()
            time.sleep(FULL_S)
            cluster_disk.free()
            died = not made.postgres.is_running
            if died:
                made.postgres.start()
            freed_at = time.time()
        conclude(load, line, fault_at=freed_at, within_s=15)
        said = answers(load, since=full_at, until=freed_at)
        line.add(f"while full {told(said)}; Postgres {'gave up and was started again' if died else 'lived on'}")
        load.close()
        assert set(said) <= HONEST
        assert said[503] + said[507] > 0, "nobody noticed"


def answers(load: Load, *, since: float, until: float) -> Counter[int]:
    """Count the answers to uploads by their status."""
    entries = load.journal.entries()
    return Counter(entry.status for entry in entries if entry.verb == "upload" and since <= entry.began < until)


def told(said: Counter[int]) -> str:
    return ", ".join(f"{count} times {status}" for status, count in sorted(said.items()))


def staged_files(disk: SmallDisk) -> int:
    """Count what refused uploads left: obstore stages a file as `<name>#1` until it is whole."""
    return sum("#" in file.name for file in disk.folder.rglob("*"))

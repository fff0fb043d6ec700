"""The cache of fetched originals: never a partial file, never more than its bound, shared by processes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from shared.blob_cache import BlobCache
from tests.platforms import eventually

KEY = "ab/01990000-0000-7000-8000-0000000000ab"


class Source:
    """Where blobs come from; it counts how often it was asked."""

    def __init__(self, content: bytes, *, pause_s: float = 0) -> None:
        self.content = content
        self.pause_s = pause_s
        self.asked = 0

    def fetch(self, target: IO[bytes]) -> None:
        self.asked += 1
        time.sleep(self.pause_s)
        target.write(self.content)


def read(cache: BlobCache, key: str, fetch: Callable[[IO[bytes]], None]) -> bytes:
    with os.fdopen(cache.open(key, fetch), "rb") as file:
        return file.read()


def never(_: IO[bytes]) -> None:
    raise AssertionError("It should have been there.")


def copies(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("lock-"))


@pytest.fixture
def cache(tmp_path: Path) -> BlobCache:
    return BlobCache(tmp_path / "cache", max_bytes=100)


def test_a_blob_is_fetched_once(cache: BlobCache, tmp_path: Path) -> None:
    source = Source(b"a whole file")
    for _ in range(3):
        assert read(cache, KEY, source.fetch) == b"a whole file"
    assert source.asked == 1
    assert read(BlobCache(tmp_path / "cache", max_bytes=100), KEY, never) == b"a whole file"


def test_slots_that_want_the_same_blob_wait_for_one_fetch(cache: BlobCache) -> None:
    source, found = Source(b"a whole file", pause_s=0.3), []
    threads = [threading.Thread(target=lambda: found.append(read(cache, KEY, source.fetch))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, source.asked) == ([b"a whole file"] * 4, 1)


def test_a_fetch_that_breaks_leaves_nothing(cache: BlobCache, tmp_path: Path) -> None:
    def breaks(target: IO[bytes]) -> None:
        target.write(b"half of")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        cache.open(KEY, breaks)
    assert copies(tmp_path / "cache") == []
    assert read(cache, KEY, Source(b"a whole file").fetch) == b"a whole file"


@pytest.mark.parametrize("damaged", [b"", b"a whole", b"a whole file and more"])
def test_a_copy_of_another_length_is_fetched_anew(cache: BlobCache, tmp_path: Path, damaged: bytes) -> None:
    source = Source(b"a whole file")
    read(cache, KEY, source.fetch)
    (path,) = (tmp_path / "cache").glob("*.12")
    path.write_bytes(damaged)
    assert read(cache, KEY, source.fetch) == b"a whole file"
    assert source.asked == 2


def test_the_least_recently_used_copies_give_way(cache: BlobCache, tmp_path: Path) -> None:
    for number in range(3):
        read(cache, f"ab/{number}", Source(bytes(30)).fetch)
        os.utime(tmp_path / "cache" / f"ab-{number}.30", (time.time() - 50 + number, time.time() - 50 + number))
    read(cache, "ab/0", never)
    read(cache, "ab/3", Source(bytes(40)).fetch)
    assert copies(tmp_path / "cache") == ["ab-0.30", "ab-2.30", "ab-3.40"]
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) <= 100


def test_who_reads_a_copy_keeps_it_when_it_gives_way(cache: BlobCache) -> None:
    with os.fdopen(cache.open(KEY, Source(bytes(90)).fetch), "rb") as file:
        read(cache, "ab/other", Source(bytes(95)).fetch)
        assert file.read() == bytes(90)


def test_a_blob_larger_than_the_cache_is_read_and_not_kept(cache: BlobCache, tmp_path: Path) -> None:
    assert read(cache, KEY, Source(bytes(101)).fetch) == bytes(101)
    assert copies(tmp_path / "cache") == []


def test_what_nobody_uses_is_deleted_in_time(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", max_bytes=100, idle_s=0.2)
    read(cache, KEY, Source(b"erased elsewhere").fetch)
    eventually(lambda: copies(tmp_path / "cache") == [])


def test_what_a_killed_fetch_left_is_deleted_in_time(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "fetching-0").write_bytes(b"half")
    os.utime(tmp_path / "cache" / "fetching-0", (0, 0))
    BlobCache(tmp_path / "cache", max_bytes=100).sweep()
    assert copies(tmp_path / "cache") == []


FETCH_IN_ANOTHER_PROCESS = """
import os, sys, time
from pathlib import Path
from shared.blob_cache import BlobCache

def fetch(target):
    print("fetched", flush=True)
    time.sleep(0.5)
    target.write(bytes(2**20))

cache = BlobCache(Path(sys.argv[1]), max_bytes=2**24)
for number in range(3):
    descriptor = cache.open(f"ab/{number}", fetch)
    assert os.fstat(descriptor).st_size == 2**20
"""


@pytest.mark.processes
def test_processes_share_what_one_of_them_fetched(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FETCH_IN_ANOTHER_PROCESS, str(tmp_path)]
    others = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [other.communicate()[0] for other in others]
    assert [other.returncode for other in others] == [0, 0, 0]
    assert "".join(said).count("fetched") == 3
    assert copies(tmp_path) == [f"ab-{number}.{2**20}" for number in range(3)]

"""The blob store, on a local folder and on a bucket: whole files or nothing, and the same behaviour on both."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from obstore.exceptions import BaseError

from shared import storage
from shared.clock import new_id
from shared.storage import BlobStore, StoreUnavailable, blob_key
from tests.s3 import Bucket


async def chunks(*parts: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if then:
        raise then


def write(blobs: BlobStore, key: str, *parts: bytes, then: Exception | None = None) -> None:
    asyncio.run(blobs.write(key, chunks(*parts, then=then)))


def read(blobs: BlobStore, key: str) -> bytes:
    with os.fdopen(blobs.open(key), "rb") as file:
        return file.read()


@pytest.fixture
def folder(tmp_path: Path) -> BlobStore:
    return BlobStore((tmp_path / "blo bs").as_uri())


@pytest.fixture
def in_bucket(bucket: Bucket) -> BlobStore:
    """A store below a prefix of its own."""
    return BlobStore(f"{bucket.url}/{new_id()}")


class TestBothStores:
    @pytest.fixture(params=["folder", pytest.param("in_bucket", marks=pytest.mark.processes)])
    def blobs(self, request: pytest.FixtureRequest) -> BlobStore:
        blobs: BlobStore = request.getfixturevalue(request.param)
        return blobs

    def test_what_was_written_is_read_back(self, blobs: BlobStore) -> None:
        write(blobs, "ab/x", b"one", b"two")
        assert read(blobs, "ab/x") == b"onetwo"
        assert blobs.get("ab/x") == b"onetwo"
        assert b"".join(blobs.read("ab/x", start=2, end=5, chunk_size=2)) == b"etw"
        assert (blobs.size("ab/x"), list(blobs.sizes())) == (6, [("ab/x", 6)])

    def test_a_long_file_is_read_back_in_pieces(self, blobs: BlobStore) -> None:
        content = bytes(range(256)) * 2**16  # 16 MiB: several parts of an upload, several requests to fetch.
        write(blobs, "ab/long", *(content[at : at + 2**20] for at in range(0, len(content), 2**20)), b"end")
        assert read(blobs, "ab/long") == content + b"end"

    def test_a_small_file_is_put_at_once_and_replaced(self, blobs: BlobStore) -> None:
        for content in (b"", b"one", b"two"):
            blobs.put("ab/x", content)
            assert blobs.get("ab/x") == content
            assert read(blobs, "ab/x") == content

    def test_two_descriptors_of_a_file_are_read_independently(self, blobs: BlobStore) -> None:
        blobs.put("ab/x", b"onetwo")
        with os.fdopen(blobs.open("ab/x"), "rb") as one, os.fdopen(blobs.open("ab/x"), "rb") as other:
            assert (one.read(3), other.read(6)) == (b"one", b"onetwo")

    def test_a_broken_upload_leaves_nothing(self, blobs: BlobStore) -> None:
        with pytest.raises(ValueError, match="cut"):
            write(blobs, "ab/x", b"a" * 2**23, then=ValueError("cut"))
        assert list(blobs.sizes()) == []

    def test_deleting_twice_is_no_error(self, blobs: BlobStore) -> None:
        blobs.put("ab/x", b"one")
        blobs.delete("ab/x")
        blobs.delete("ab/x")
        for ask in (blobs.open, blobs.get, blobs.size):
            with pytest.raises(FileNotFoundError):
                ask("ab/x")


def test_a_broken_upload_leaves_no_file_in_the_folder(folder: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cut"):
        write(folder, "ab/x", b"a" * 2**23, then=ValueError("cut"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_keys_are_made_of_the_id_alone() -> None:
    blob = new_id()
    assert blob_key(blob) == f"{str(blob)[-2:]}/{blob}"


def test_a_store_in_trouble_is_told_from_a_file_that_is_gone(folder: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "blo bs" / "loop").symlink_to("loop")
    with pytest.raises(StoreUnavailable):
        folder.open("loop")
    with pytest.raises(FileNotFoundError):
        folder.open("gone")


def test_a_bucket_that_does_not_answer_is_told_from_a_file_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MAX_RETRIES", 1)
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION"):
        monkeypatch.setenv(f"AWS_{name}", "any")
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_soon.getsockname()[1]}")
    blobs = BlobStore("s3://bucket")
    asked: list[Callable[[str], object]] = [blobs.open, blobs.get, blobs.size]
    asked += [lambda key: blobs.put(key, b"one"), lambda key: write(blobs, key, b"one")]
    for ask in asked:
        with pytest.raises(StoreUnavailable):
            ask("ab/x")


@pytest.mark.processes
def test_a_wrong_secret_is_refused_by_the_bucket(
    in_bucket: BlobStore, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_bucket.put("ab/x", b"one")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not the secret of this key")
    stranger = BlobStore(bucket.url)
    with pytest.raises(StoreUnavailable):
        stranger.put("ab/y", b"two")
    with pytest.raises(BaseError, match="SignatureDoesNotMatch"):
        list(stranger.sizes())


@pytest.mark.processes
def test_the_bucket_of_somebody_else_is_refused(in_bucket: BlobStore) -> None:
    in_bucket.put("ab/x", b"one")  # This user may do that, but not …
    with pytest.raises(StoreUnavailable):
        BlobStore("s3://another-bucket").put("ab/x", b"one")


UPLOAD_UNTIL_KILLED = """
import asyncio, os, sys
from shared.storage import BlobStore

async def chunks():
    for _ in range(12):
        yield bytes(2**20)
    os.kill(os.getpid(), 9)

asyncio.run(BlobStore(sys.argv[1]).write("ab/x", chunks()))
"""


@pytest.mark.processes
def test_a_killed_upload_shows_no_file_in_the_bucket(in_bucket: BlobStore, bucket: Bucket) -> None:
    url = f"{bucket.url}/{new_id()}"
    done = subprocess.run([sys.executable, "-c", UPLOAD_UNTIL_KILLED, url], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(BlobStore(url).sizes()) == []
    assert list(in_bucket.sizes()) == []

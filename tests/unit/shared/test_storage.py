"""The blob store on a local folder: whole files or nothing."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.clock import new_id
from shared.storage import BlobStore, StoreUnavailable, blob_key


async def chunks(*parts: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if then:
        raise then


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore((tmp_path / "blo bs").as_uri())


def test_what_was_written_is_read_back(blobs: BlobStore) -> None:
    asyncio.run(blobs.write("ab/x", chunks(b"one", b"two")))
    with os.fdopen(blobs.open("ab/x"), "rb") as file:
        assert file.read() == b"onetwo"
    assert b"".join(blobs.read("ab/x", start=2, end=5, chunk_size=2)) == b"etw"


def test_a_broken_upload_leaves_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cut"):
        asyncio.run(blobs.write("ab/x", chunks(b"a" * 2**23, then=ValueError("cut"))))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_deleting_twice_is_no_error(blobs: BlobStore) -> None:
    asyncio.run(blobs.write("ab/x", chunks(b"one")))
    blobs.delete("ab/x")
    blobs.delete("ab/x")
    with pytest.raises(FileNotFoundError):
        blobs.open("ab/x")


def test_keys_are_made_of_the_id_alone() -> None:
    blob = new_id()
    assert blob_key(blob) == f"{str(blob)[-2:]}/{blob}"


def test_a_store_in_trouble_is_told_from_a_file_that_is_gone(blobs: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "blo bs" / "loop").symlink_to("loop")
    with pytest.raises(StoreUnavailable):
        blobs.open("loop")
    with pytest.raises(FileNotFoundError):
        blobs.open("gone")

"""Blobs: the uploaded files, in a local folder or an S3 bucket, under keys that we make."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

import obstore
from obstore.exceptions import BaseError, GenericError
from obstore.store import LocalStore, S3Store

from shared.errors import StorageFull, Unavailable

MIN_FREE_BYTES = 2**30
DISK_FULL = "The disk of this installation is full; ask its administrator to free space."


def blob_key(blob_id: UUID) -> str:
    """Return the key of a blob; the random tail of a UUIDv7 spreads the files over 256 folders."""
    return f"{blob_id.hex[-2:]}/{blob_id}"


class StoreUnavailable(Unavailable):
    """The store of uploaded files is not available; try again soon."""

    code = "store_unavailable"


class BlobStore:
    """A store for whole, immutable files; `url` is `file:///folder` or `s3://bucket/prefix`."""

    def __init__(self, url: str) -> None:
        """Open the store; a local folder is made when it is missing."""
        parts = urlsplit(url)
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._store: LocalStore | S3Store
        if self._folder:
            self._store = LocalStore(self._folder, mkdir=True)
        else:
            plain_http = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http:")
            self._store = S3Store.from_url(url, client_options={"allow_http": plain_http})

    async def write(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Store what `chunks` yields, all or nothing, and return when it would survive a power cut.

        Raises StorageFull when less than 1 GiB would be left, and whatever `chunks` raises.
        """
        self._refuse_when_full()
        try:
            await obstore.put_async(self._store, key, chunks)
        except GenericError as error:  # obstore has no better type for ENOSPC and EDQUOT.
            if "os error 28" in str(error) or "os error 122" in str(error):
                raise StorageFull(DISK_FULL) from error
            raise
        if self._folder:
            await asyncio.to_thread(_sync, self._folder / key, self._folder)

    def open(self, key: str) -> int:
        """Return a read-only file descriptor with an offset of its own.

        Raises FileNotFoundError, or StoreUnavailable when the store gives no answer that says so.
        """
        try:
            return self._open(key)
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            raise StoreUnavailable(f"The store did not give the file: {type(error).__name__}.") from error

    def _open(self, key: str) -> int:
        if self._folder:
            return os.open(self._folder / key, os.O_RDONLY | os.O_CLOEXEC)
        with tempfile.TemporaryFile() as copy:
            for chunk in obstore.get(self._store, key).stream():
                copy.write(chunk)
            copy.flush()
            return os.open(f"/proc/self/fd/{copy.fileno()}", os.O_RDONLY | os.O_CLOEXEC)

    def read(self, key: str, *, start: int, end: int, chunk_size: int = 2**20) -> Iterator[bytes]:
        """Yield the bytes from `start` up to, not including, `end`."""
        for offset in range(start, end, chunk_size):
            yield bytes(obstore.get_range(self._store, key, start=offset, end=min(offset + chunk_size, end)))

    def size(self, key: str) -> int:
        """Return a blob's length in bytes; raises FileNotFoundError."""
        return int(obstore.head(self._store, key)["size"])

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Yield key and length of every blob there is, in no order."""
        for some in obstore.list(self._store):
            yield from ((found["path"], found["size"]) for found in some)

    def delete(self, key: str) -> None:
        """Delete a blob and what a killed upload left of it; one that is gone already is no error.

        In S3 the parts of an unfinished multipart upload stay: obstore neither lists nor aborts those it did not begin.
        They cost space but are not to be seen; a bucket's lifecycle rule (AbortIncompleteMultipartUpload) ends them.
        """
        with suppress(FileNotFoundError):
            obstore.delete(self._store, key)
        if self._folder:
            _delete_staged(self._folder / key)

    def _refuse_when_full(self) -> None:
        if self._folder is None:
            return
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize < MIN_FREE_BYTES:
            raise StorageFull(DISK_FULL)


def _delete_staged(path: Path) -> None:
    """Delete what obstore's local store stages beside a file until it is whole: `<name>#1`, or the next free number."""
    for number in count(1):
        try:
            path.with_name(f"{path.name}#{number}").unlink()
        except FileNotFoundError:
            return


def _sync(path: Path, store: Path) -> None:
    """Flush a file and the folders that name it: obstore renames into place without fsync."""
    for target in (path, path.parent, store):
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

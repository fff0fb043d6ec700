"""Blobs: the uploaded files, in a local folder or an S3 bucket, under keys that we make."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from shared.blob_cache import BlobCache
from shared.errors import SheafError, StorageFull, Unavailable

MIN_FREE_BYTES = 2**30
FETCH_BYTES = 2**23
# A bucket that is down must not hold a request, or a slot, for the three minutes that obstore would try.
CONNECT_TIMEOUT = timedelta(seconds=5)
RETRY_TIMEOUT = timedelta(seconds=20)
MAX_RETRIES = 5
DISK_FULL = "The disk of this installation is full; ask its administrator to free space."


def blob_key(blob_id: UUID) -> str:
    """Return the key of a blob; the random tail of a UUIDv7 spreads the files over 256 folders."""
    return f"{blob_id.hex[-2:]}/{blob_id}"


class StoreUnavailable(Unavailable):
    """The store of uploaded files is not available; try again soon."""

    code = "store_unavailable"


class BlobStore:
    """A store for whole, immutable files; `url` is `file:///folder` or `s3://bucket/prefix`."""

    def __init__(self, url: str, *, cache: BlobCache | None = None) -> None:
        """Open the store; a missing local folder is made, and `cache` keeps what `open` fetches from a bucket."""
        self._cache = cache
        parts = urlsplit(url)
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._store: LocalStore | S3Store
        if self._folder:
            self._store = LocalStore(self._folder, mkdir=True)
        else:
            plain_http = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http:")
            self._store = S3Store.from_url(
                url,
                client_options={"allow_http": plain_http, "connect_timeout": CONNECT_TIMEOUT},
                retry_config={"max_retries": MAX_RETRIES, "retry_timeout": RETRY_TIMEOUT},
            )

    async def write(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Store what `chunks` yields, all or nothing, and return when it would survive a power cut.

        Raises StorageFull when less than 1 GiB would be left, StoreUnavailable, and whatever `chunks` raises.
        """
        self._refuse_when_full()
        try:
            await obstore.put_async(self._store, key, chunks)
        except BaseError as error:
            raise _trouble(error, "take") from error
        if self._folder:
            await asyncio.to_thread(_sync, self._folder / key, self._folder)

    def put(self, key: str, content: bytes) -> None:
        """Store a small file as `write` does; raises StorageFull or StoreUnavailable."""
        self._refuse_when_full()
        with _answering("take"):
            obstore.put(self._store, key, content)
            if self._folder:
                _sync(self._folder / key, self._folder)

    def get(self, key: str) -> bytes:
        """Return a small file whole; raises FileNotFoundError or StoreUnavailable."""
        with _answering("give"):
            return bytes(obstore.get(self._store, key).bytes())

    def open(self, key: str) -> int:
        """Return a read-only file descriptor with an offset of its own.

        Raises FileNotFoundError, or StoreUnavailable when the store gives no answer that says so.
        """
        with _answering("give"):
            return self._open(key)

    def _open(self, key: str) -> int:
        if self._folder:
            return os.open(self._folder / key, os.O_RDONLY | os.O_CLOEXEC)
        if self._cache:
            return self._cache.open(key, lambda target: self._fetch(key, target))
        with tempfile.TemporaryFile() as copy:
            self._fetch(key, copy)
            copy.flush()
            return os.open(f"/proc/self/fd/{copy.fileno()}", os.O_RDONLY | os.O_CLOEXEC)

    def _fetch(self, key: str, target: IO[bytes]) -> None:
        """Write a blob into a file, by requests so short that a slow link does not time out."""
        for chunk in self.read(key, start=0, end=self.size(key), chunk_size=FETCH_BYTES):
            target.write(chunk)

    def read(self, key: str, *, start: int, end: int, chunk_size: int = 2**20) -> Iterator[bytes]:
        """Yield the bytes from `start` up to, not including, `end`."""
        for offset in range(start, end, chunk_size):
            yield bytes(obstore.get_range(self._store, key, start=offset, end=min(offset + chunk_size, end)))

    def size(self, key: str) -> int:
        """Return a blob's length in bytes; raises FileNotFoundError or StoreUnavailable."""
        with _answering("give"):
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


@contextmanager
def _answering(doing: str) -> Iterator[None]:
    """Give a store's errors our types, but for FileNotFoundError, which says what is so."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise _trouble(error, doing) from error


def _trouble(error: Exception, doing: str) -> SheafError:
    """Tell a full disk (ENOSPC, EDQUOT), for which obstore has no type, from other trouble."""
    if "os error 28" in str(error) or "os error 122" in str(error):
        return StorageFull(DISK_FULL)
    return StoreUnavailable(f"The store did not {doing} the file: {type(error).__name__}.")


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

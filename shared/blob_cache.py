"""Local copies of blobs that were fetched from far away: bounded in bytes and age, shared by all processes of a host.

A copy is written under a name that nobody reads, flushed, and renamed to one that tells its key and length only when
it is whole; one of another length is fetched anew. Whoever has a copy open keeps it, also when it gives way to others.
"""

import fcntl
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

# An original is needed again by the other parts of its job and for pictures, within minutes. Those of erased documents
# stay no longer either.
IDLE_S = 600.0
LOCKS = 32
FETCHING, LOCK = "fetching-", "lock-"


class BlobCache:
    """A folder of copies, of which the least recently used give way; every method may be called from any thread."""

    def __init__(self, folder: Path, *, max_bytes: int, idle_s: float = IDLE_S) -> None:
        """Use this folder, with what earlier processes left in it; a copy that nobody used for `idle_s` is deleted."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._idle_s = idle_s
        self._sweeping: threading.Timer | None = None
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._sweep_later()

    def open(self, key: str, fetch: Callable[[IO[bytes]], None]) -> int:
        """Return a read-only descriptor of a copy, which `fetch` writes where there is none; raises what that raises.

        Whoever wants a blob that is being fetched waits for it.
        """
        found = self._open(key)
        if found is None:
            with self._alone(key):
                found = self._open(key)
                if found is None:
                    found = self._fetch(key, fetch)
        return found

    def sweep(self) -> None:
        """Delete what nobody used for long, and the least recently used beyond the bound."""
        now, kept = time.time(), 0
        for used_at, size, path in sorted(self._copies(), reverse=True):
            kept += size
            if kept > self._max_bytes or now - used_at > self._idle_s:
                kept -= size
                path.unlink(missing_ok=True)

    def _open(self, key: str) -> int | None:
        """Open a whole copy, and mark it as used just now."""
        for path in self._folder.glob(f"{_stem(key)}.*"):
            with suppress(OSError):  # Another process deleted it in this moment.
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                if os.fstat(descriptor).st_size == int(path.suffix[1:]):
                    os.utime(descriptor)
                    return descriptor
                os.close(descriptor)
                path.unlink()
        return None

    def _fetch(self, key: str, fetch: Callable[[IO[bytes]], None]) -> int:
        draft = self._folder / f"{FETCHING}{uuid4().hex}"
        try:
            with draft.open("xb") as target:
                fetch(target)
                target.flush()
                os.fsync(target.fileno())  # Otherwise a power cut could leave the name without the bytes.
                size = target.tell()
            descriptor = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
            draft.rename(self._folder / f"{_stem(key)}.{size}")
        finally:
            draft.unlink(missing_ok=True)
        self.sweep()
        self._sweep_later()
        return descriptor

    def _copies(self) -> list[tuple[float, int, Path]]:
        """Return when each file was last used, its length and path; drafts of killed processes among them."""
        found = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                status = path.stat()
                is_draft = path.name.startswith(FETCHING) and time.time() - status.st_mtime < self._idle_s
                if not is_draft and not path.name.startswith(LOCK):
                    found.append((status.st_mtime, status.st_size, path))
        return found

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Hold a lock that other threads and processes respect; few keys share it."""
        path = self._folder / f"{LOCK}{zlib.crc32(key.encode()) % LOCKS}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _sweep_later(self) -> None:
        """Sweep when the youngest copy may have become too old, as long as there are any."""
        with self._lock:
            if self._sweeping is None and self._copies():
                self._sweeping = threading.Timer(self._idle_s, self._sweep_again)
                self._sweeping.daemon = True
                self._sweeping.start()

    def _sweep_again(self) -> None:
        with self._lock:
            self._sweeping = None
        self.sweep()
        self._sweep_later()


def _stem(key: str) -> str:
    """Return a file name for a key, which is made of a UUID."""
    return key.replace("/", "-").replace(".", "-")

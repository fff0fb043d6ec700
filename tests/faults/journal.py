"""The client's journal: what was sent under which key and what was answered when, one JSON line a fact."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

ACKNOWLEDGED = (200, 202)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request; `status` 0 means that no answer came. Times are seconds since the epoch."""

    verb: Literal["upload", "look", "act"]
    key: str
    status: int
    began: float
    took_s: float
    sha256: str = ""
    user: str = ""
    document_id: str = ""
    job_id: str = ""
    said: str = ""
    retry_after: str = ""

    @property
    def is_promise(self) -> bool:
        return self.verb == "upload" and self.status in ACKNOWLEDGED


class Journal:
    """An append-only file that survives what it describes."""

    def __init__(self, file: Path) -> None:
        """Append to this file."""
        self.file = file
        self._lock = threading.Lock()
        file.touch()

    def write(self, entry: Entry) -> Entry:
        line = json.dumps(asdict(entry)) + "\n"
        with self._lock, self.file.open("a") as stream:
            stream.write(line)
        return entry

    def entries(self) -> list[Entry]:
        return list(self._read())

    def promises(self) -> list[Entry]:
        return [entry for entry in self._read() if entry.is_promise]

    def _read(self) -> Iterator[Entry]:
        with self._lock:
            lines = self.file.read_text().splitlines()
        for line in lines:
            fields: dict[str, Any] = json.loads(line)
            yield Entry(**fields)


class Stopwatch:
    """When a request began and how long it took."""

    def __init__(self) -> None:
        """Begin now."""
        self.began = time.time()
        self._start = time.monotonic()

    def took_s(self) -> float:
        return round(time.monotonic() - self._start, 4)

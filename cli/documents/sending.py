"""Sends a PDF, unless the server has it: what was sent before is found by its SHA-256."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cli.client.server import Server

PATIENCE_S = 3600.0  # Over a limit of open jobs the server takes more as it reads.
NO_RESULT = frozenset({"failed", "canceled"})  # For these the server wants the file again.


@dataclass(frozen=True)
class Wishes:
    """How a PDF is to be read."""

    pages: str | None = None
    tables: str = "default"
    password: str | None = None

    def fields(self) -> dict[str, str]:
        given = {"pages": self.pages, "tables": self.tables, "password": self.password}
        return {name: value for name, value in given.items() if value}


class CountedFile:
    """A file that says how many bytes of it were read; going back to its beginning takes them off again."""

    def __init__(self, file: IO[bytes], on_bytes: Callable[[int], object]) -> None:
        """Begin at the beginning."""
        self._file = file
        self._on_bytes = on_bytes

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._on_bytes(len(data))
        return data

    def seek(self, offset: int) -> int:
        self._on_bytes(offset - self._file.tell())
        return self._file.seek(offset)


def send(
    server: Server, file: Path, wishes: Wishes, *, on_bytes: Callable[[int], object] = lambda _: None
) -> tuple[dict[str, Any], bool]:
    """Return the document and whether its bytes were sent; raises OSError for a file that cannot be read."""
    with file.open("rb") as stream:
        known = _known(server, hashlib.file_digest(stream, "sha256").hexdigest(), wishes)
        if known is not None:
            on_bytes(file.stat().st_size)
            return known, False
        stream.seek(0)
        part = (file.name, CountedFile(stream, on_bytes), "application/pdf")
        form: Any = {"files": {"file": part}, "data": wishes.fields()}
        document = server.json("POST", "/documents", patience_s=PATIENCE_S, **form)
    return document, not document["duplicate"]


def _known(server: Server, sha256: str, wishes: Wishes) -> dict[str, Any] | None:
    sought = {"sha256": sha256, "tables": wishes.tables, "pages": wishes.pages or "all"}
    documents = server.json("GET", "/documents", params=sought)["data"]
    return next((document for document in documents if document["status"] not in NO_RESULT), None)

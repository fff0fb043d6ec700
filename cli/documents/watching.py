"""`sheaf watch`: sends whatever appears in a folder, and goes on until it is stopped."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.client.errors import Unreachable, WrongUse
from cli.client.server import Server
from cli.client.terminal import note
from cli.documents.bars import Bars
from cli.documents.files import PdfFile, pdf_files
from cli.documents.outcomes import tell
from cli.documents.uploading import Asked, Sending

Version = tuple[int, int]  # Modification time in nanoseconds, and size.


def watch(server: Server, folder: Path, *, every_s: float, **given: Any) -> int:
    """Look at the folder again and again; a file is taken once it has not changed between two looks."""
    if not folder.is_dir():
        raise WrongUse(f"There is no folder {folder}.")
    asked = Asked(**given)
    sending = Sending(server, asked, asked.wishes(), asked.folder())
    arrivals = Arrivals(folder, recursive=asked.recursive)
    note(f"watching {folder}; Ctrl-C ends it.")
    while True:
        if files := list(arrivals.look()):
            try:
                _take(sending, files, as_json=asked.as_json)
            except Unreachable as away:
                note(f"{away} Trying again.")
                arrivals.forget(files)
        time.sleep(every_s)


def _take(sending: Sending, files: list[PdfFile], *, as_json: bool) -> None:
    with Bars(files=len(files), size=sum(file.size for file in files), reads=True) as bars:
        for outcome in sending.outcomes(files, bars):
            tell(outcome, as_json=as_json)


class Arrivals:
    """What came into a folder, or changed in it, since the last look."""

    def __init__(self, folder: Path, *, recursive: bool) -> None:
        """Nothing was seen yet."""
        self._folder = folder
        self._recursive = recursive
        self._seen: dict[Path, Version] = {}
        self._taken: dict[Path, Version] = {}

    def look(self) -> Iterator[PdfFile]:
        """Yield what is as it was at the last look and was not yielded like that before."""
        before, self._seen = self._seen, {}
        for file in self._files():
            try:
                status = file.path.stat()
            except FileNotFoundError:
                continue
            version = self._seen[file.path] = (status.st_mtime_ns, status.st_size)
            if before.get(file.path) == version != self._taken.get(file.path):
                self._taken[file.path] = version
                yield file

    def forget(self, files: list[PdfFile]) -> None:
        """Let these be yielded again."""
        for file in files:
            self._taken.pop(file.path, None)

    def _files(self) -> list[PdfFile]:
        try:
            return pdf_files([self._folder], recursive=self._recursive)
        except WrongUse:
            return []

"""The bars of an upload, on standard error and only where that is a terminal."""

import sys
import threading
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.client.terminal import harmless
from cli.documents.following import pages_done

NAME_LENGTH = 40


class Bars:
    """One bar for sending, by bytes, and one for reading, by files."""

    def __init__(self, *, files: int, size: int, reads: bool) -> None:
        """Show nothing yet; without a terminal show nothing at all."""
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        console = Console(stderr=True)
        # What is printed meanwhile goes above the bars, but never from a pipe to the terminal.
        above = sys.stdout.isatty()
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal, redirect_stdout=above)
        self._sending = self._progress.add_task("Sending", total=size or 1)
        self._reading: TaskID | None = self._progress.add_task("Reading", total=files) if reads else None
        self._ended = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave them as they are, with the cursor back."""
        self._progress.stop()

    def sent(self, count: int) -> None:
        with self._lock:
            self._progress.advance(self._sending, count)

    def read(self, document: dict[str, Any]) -> None:
        """Show how far a document is: it counts by the share of its pages."""
        if self._reading is None:
            return
        done, total = pages_done(document)
        name = escape(harmless(document["filename"])[:NAME_LENGTH])
        said = f"Reading {name}: page {done} of {total}" if total else f"Reading {name}"
        self._progress.update(self._reading, completed=self._ended + (done / total if total else 0), description=said)

    def end(self) -> None:
        self._ended += 1
        if self._reading is not None:
            self._progress.update(self._reading, completed=self._ended)

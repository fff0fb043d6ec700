"""The log of the platform: one stream to which every process's lines go, each with the time and the process's name."""

import contextlib
import threading
import time
from typing import TextIO

NAME_WIDTH = 10


class Log:
    """Writes whole lines as `HH:MM:SS name | line`, from any thread."""

    def __init__(self, stream: TextIO) -> None:
        """Write to this stream, which stays the caller's to close."""
        self._stream = stream
        self._lock = threading.Lock()

    def line(self, name: str, text: str) -> None:
        # Whoever read our log may be gone (`sheaf up | head`); the platform goes on without it.
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._stream.write(f"{time.strftime('%H:%M:%S')} {name:<{NAME_WIDTH}} | {text}\n")
            self._stream.flush()

    def say(self, text: str) -> None:
        """Log a line of the supervisor itself."""
        self.line("up", text)

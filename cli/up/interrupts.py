"""The signals of the supervisor: requests to stop are counted, and ended children wake the main loop."""

import contextlib
import os
import select
import signal
import threading
from types import FrameType
from typing import Self

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """A context of the main thread in which signals only count and wake; nothing happens inside a handler."""

    def __init__(self) -> None:
        """Open the pipe that wakes the main loop."""
        self.requests = 0
        self._is_open = True
        self._lock = threading.Lock()  # Never taken in a handler: it only keeps `wake` from a descriptor we closed.
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._readable, False)
        os.set_blocking(self._writable, False)

    def __enter__(self) -> Self:
        """Take over the signals."""
        self._previous = {number: signal.signal(number, self._count) for number in STOPPING}
        self._previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, self._notice)
        self._previous_wakeup = signal.set_wakeup_fd(self._writable, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._previous_wakeup)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        with self._lock:
            self._is_open = False
            os.close(self._readable)
            os.close(self._writable)

    def ask_to_stop(self) -> None:
        """Do what Ctrl-C does; from any thread."""
        self.requests += 1
        self.wake()

    def wake(self) -> None:
        """End the current wait; from any thread."""
        with self._lock, contextlib.suppress(BlockingIOError):  # A full pipe ends the wait as well.
            if self._is_open:
                os.write(self._writable, b"\0")

    def wait(self, timeout_s: float) -> None:
        """Sleep until a signal, `wake` or the time."""
        if select.select([self._readable], [], [], timeout_s)[0]:
            os.read(self._readable, 4096)

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self.requests += 1

    def _notice(self, _number: int, _frame: FrameType | None) -> None:
        """The wake-up descriptor is written only for signals that have a handler."""

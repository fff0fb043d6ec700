"""The parent's hold on one sandbox child: its channel, its end, and how to kill it."""

import json
import os
import select
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from worker.extraction.confinement import EXIT_MEMORY
from worker.extraction.failures import SandboxUnavailable
from worker.extraction.frames import CHUNK_BYTES, MAX_PAGE_BYTES, Frame, FrameBuffer, encode
from worker.extraction.usage import Usage, usage_of

ANSWER_HEADER_BYTES = 2**16
STATUS_BYTES = 4096
SEND_TIMEOUT_S = 10.0
END_TIMEOUT_S = 2.0
MEMORY_SHARE = 0.6  # A crash with this much of the limit resident is taken for the lack of more.


class ChildGone(Exception):
    """The child hung up."""


class NotForked(SandboxUnavailable):
    """The sandbox could not fork; see the worker's log and its memory."""


class ServerHung(NotForked):
    """The sandbox's server did not answer; see the worker's log and the load of its machine."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a child ended: `code` is its exit code or minus the signal.

    It is None for a child that lives, and when nobody could tell: the server, which always does, was gone.
    """

    code: int | None = None
    peak_rss_mb: int = 0
    cpu_s: float = 0.0

    @property
    def exit_code(self) -> int | None:
        return None if self.code is None or self.code < 0 else self.code

    @property
    def signal(self) -> int | None:
        return -self.code if self.code is not None and self.code < 0 else None

    def lacked_memory(self, limit_mb: int) -> bool:
        """Say whether memory ran out: the child said so, or it crashed while it held most of what it may."""
        if self.code == EXIT_MEMORY:
            return True
        return self.signal != signal.SIGKILL and self.peak_rss_mb >= MEMORY_SHARE * limit_mb


class Child:
    """A forked process that reads one PDF.

    `pages_read` counts its answers; `counted_cpu_s` is how much of its CPU time is in some report already; `is_warm`
    says that it worked for an earlier extraction, whose CPU limit it still has; `is_repaired` that it reads from a
    repaired copy.
    """

    def __init__(self, channel: socket.socket, status: socket.socket, *, fork_timeout_s: float) -> None:
        """Take the two sockets and wait for the server to say that the child exists.

        Raises ServerHung when it says nothing in time, and NotForked when it hangs up.
        """
        self.pages_read = 0
        self.counted_cpu_s = 0.0
        self.is_warm = False
        self.is_repaired = False
        self._channel = channel
        self._status = status
        self._pidfd: int | None = None
        self._frames = FrameBuffer(max_header=ANSWER_HEADER_BYTES, max_parts=MAX_PAGE_BYTES)
        try:
            status.settimeout(fork_timeout_s)
            said, fds, _, _ = socket.recv_fds(status, STATUS_BYTES, 1)
            self.pid: int = json.loads(said)["pid"]
        except TimeoutError as error:
            self._close()
            raise ServerHung from error
        except (OSError, ValueError) as error:
            self._close()
            raise NotForked from error
        self._pidfd = fds[0] if fds else None

    @property
    def is_fresh(self) -> bool:
        return self.pages_read == 0 and not self.is_warm

    def send(self, header: dict[str, Any]) -> None:
        """Send a request; whether the child is there to read it shows when its answer is waited for."""
        self._channel.settimeout(SEND_TIMEOUT_S)
        with suppress(OSError):
            self._channel.sendall(encode(header))

    def receive(self, wait_s: float) -> Frame | None:
        """Return the next frame, or None if it is not complete after about this time.

        Raises ChildGone, BadFrame or FrameTooLarge.
        """
        if (frame := self._frames.take()) is not None:
            return frame
        self._channel.settimeout(wait_s)
        try:
            data = self._channel.recv(CHUNK_BYTES)
        except TimeoutError:
            return None
        except OSError as error:
            raise ChildGone from error
        if not data:
            raise ChildGone
        self._frames.feed(data)
        return self._frames.take()

    def is_quiet(self) -> bool:
        """Say whether the child lives and said nothing that nobody asked for."""
        watched = select.poll()
        for fd in (self._channel.fileno(), self._status.fileno(), self._pidfd):
            if fd is not None:
                watched.register(fd, select.POLLIN)
        return self._frames.is_empty and not watched.poll(0)

    def usage(self) -> Usage | None:
        return usage_of(self.pid)

    def kill(self) -> None:
        """Kill the child through its pidfd, and by hanging up on the server, which kills where there is no pidfd."""
        with suppress(OSError):  # The server is gone, and took the child along.
            self._status.shutdown(socket.SHUT_WR)
        if self._pidfd is not None:
            with suppress(OSError):  # It is dead already, or another user's and the server kills it.
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def end(self, *, kill: bool) -> Ending:
        """Let go of the child and return how it ended; one that does not end by itself is killed."""
        self._channel.close()
        try:
            if not kill and (ending := self._ending()) is not None:
                return ending
            self.kill()
            return self._ending() or Ending()
        finally:
            self._close()

    def _ending(self) -> Ending | None:
        self._status.settimeout(END_TIMEOUT_S)
        try:
            told = json.loads(self._status.recv(STATUS_BYTES))
        except (OSError, ValueError):
            return None
        return Ending(code=told["code"], peak_rss_mb=told["peak_rss_kb"] // 1024, cpu_s=told["cpu_s"])

    def _close(self) -> None:
        self._channel.close()
        self._status.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

"""The worker's side of the forkserver: one server for all slots, started with nothing and replaced if lost."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from worker.extraction.children import Child, NotForked, ServerHung
from worker.extraction.extraction import Extraction
from worker.extraction.failures import ExtractionFailed, SandboxCrashed, SandboxUnavailable
from worker.extraction.limits import Limits
from worker.extraction.parking import Parking

__all__ = ["Extraction", "ExtractionFailed", "Limits", "Sandbox", "SandboxCrashed", "SandboxUnavailable"]

ROOT = Path(__file__).resolve().parents[2]
# Isolated mode has no current directory or PYTHONPATH on its path, so this checkout is put there by name.
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[2]); from worker.extraction.forkserver import main; "
    "main(int(sys.argv[1]), sys.argv[2], program=sys.argv[3])"
)
NEEDED_BY_PYTHON = ("LD_LIBRARY_PATH",)  # Some Python builds find their own library only with it.
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 2.0
FORK_TIMEOUT_S = 10.0  # A fork takes milliseconds; so late, the server is taken to hang, whatever the load.


class Sandbox:
    """Forks a confined child for each extraction; every method may be called from any thread."""

    def __init__(
        self, program: str = "worker.extraction.child", *, warm: int = 0, fork_timeout_s: float = FORK_TIMEOUT_S
    ) -> None:
        """`program` is the module whose `serve(channel)` the children run; nothing is started yet.

        `warm` is how many children may wait, with their PDF open, for the next extraction of it: one a slot.
        """
        self._program = program
        self._parking = Parking(warm) if warm else None
        self._fork_timeout_s = fork_timeout_s
        self._server: _Server | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def layers(self) -> frozenset[str]:
        """The kernel's protections that are active: of `network`, `landlock`, `uid` and `capabilities`."""
        return self._server.layers if self._server else frozenset()

    @property
    def server_pid(self) -> int | None:
        return self._server.process.pid if self._server else None

    def start(self) -> None:
        """Start the server unless it runs; raises SandboxUnavailable."""
        with self._lock:
            self._running_server()

    def close(self) -> None:
        """Stop the server and with it every child, also those that are parked."""
        with self._lock:
            self._stop()

    def extraction(
        self,
        open_blob: Callable[[], int],
        *,
        password: str | None,
        limits: Limits,
        on_wait: Callable[[], None],
        warm_key: Hashable | None = None,
        is_repaired: bool = False,
    ) -> Extraction:
        """Return an extraction of the PDF; `open_blob` gives a fresh descriptor with its own offset for each child.

        `warm_key` names the PDF: a child that an extraction leaves behind in good order serves the next one with the
        same key, password and limits. None keeps no child. `is_repaired` says that an earlier extraction of this PDF
        had it repaired: its pages are those of the repaired copy.
        """
        place = None
        if self._parking is not None and warm_key is not None:
            place = self._parking.place((warm_key, password or None, limits))
        return Extraction(
            lambda: self.spawn(open_blob),
            password=password,
            limits=limits,
            on_wait=on_wait,
            place=place,
            is_repaired=is_repaired,
        )

    def spawn(self, open_blob: Callable[[], int]) -> Child:
        """Fork a child that has the PDF as descriptor 0; raises SandboxUnavailable."""
        try:
            return self._spawn(open_blob)
        except NotForked:  # A server that hung has been killed, by this slot or by another that waited as well.
            return self._spawn(open_blob)

    def _spawn(self, open_blob: Callable[[], int]) -> Child:
        """Fork a child; a server that does not answer is killed."""
        channel, childs_channel = socket.socketpair()
        status, servers_status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with childs_channel, servers_status:
            try:
                server = self._ask(open_blob, childs_channel, servers_status)
            except BaseException:
                channel.close()
                status.close()
                raise
        try:
            return Child(channel, status, fork_timeout_s=self._fork_timeout_s)
        except ServerHung:
            server.kill()  # Whoever asks for the running server next starts another one.
            raise

    def _ask(self, open_blob: Callable[[], int], *ends: socket.socket) -> "_Server":
        pdf = open_blob()
        try:
            with self._lock:
                return self._send([pdf, *(end.fileno() for end in ends)])
        finally:
            os.close(pdf)

    def _send(self, fds: list[int]) -> "_Server":
        server = self._running_server()
        try:
            server.fork(fds)
        except OSError:  # The server died since it was last used.
            self._stop()
            server = self._running_server()
            server.fork(fds)
        return server

    def _running_server(self) -> "_Server":
        if self._server is None or self._server.process.poll() is not None:
            self._stop()
            self._server = _Server.start(self._program)
        return self._server

    def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        if self._parking is not None:  # After the server, of which nobody then waits to hear how they ended.
            self._parking.clear()


@dataclass(frozen=True)
class _Server:
    """A running forkserver."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    layers: frozenset[str]

    @classmethod
    def start(cls, program: str) -> Self:
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(  # noqa: S603 — our own program, by its absolute path.
                [sys.executable, "-I", "-c", BOOT, str(theirs.fileno()), str(ROOT), program],
                env={name: os.environ[name] for name in NEEDED_BY_PYTHON if name in os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # A Ctrl-C is for the worker, which lets its slots finish.
            )
        try:
            control.settimeout(START_TIMEOUT_S)
            return cls(process, control, frozenset(json.loads(control.recv(4096))["layers"]))
        except (OSError, ValueError) as error:
            cls(process, control, frozenset()).stop()
            raise SandboxUnavailable from error

    def fork(self, fds: list[int]) -> None:
        """Ask for a child; raises OSError when the server is gone."""
        socket.send_fds(self.control, [b"fork"], fds)

    def stop(self) -> None:
        """Hang up, at which the server leaves and its children die; kill it if it does not."""
        self.control.close()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the server, and with it every child that it has."""
        self.process.kill()
        self.process.wait()

"""The process that forks sandbox children: single-threaded, with the PDF libraries loaded, without secrets or network.

It is started by `sandbox.py` and speaks with the worker over a SOCK_SEQPACKET pair. Each request carries three
descriptors: the PDF, the child's end of its channel, and a status socket. Over the status socket the worker gets the
child's pid with a pidfd, and later how the child ended; hanging up on it kills the child. When the worker dies the
control socket reaches its end: the server leaves, and its children die with it.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from worker.extraction import layers
from worker.extraction.confinement import Serve, confine, keep_only, serve_limited

REQUEST_BYTES = 64
SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/dev/null")
OWN_CODE = ("worker", "shared")  # Not the whole checkout: `.env` and the data folder lie beside them.


def main(control_fd: int, root: str, *, program: str) -> None:
    """Load `program`, a module with `serve(channel)`, protect this process, say hello, and fork on request.

    If it has a `prepare()` that is called first.
    """
    loaded = importlib.import_module(program)
    serve: Serve = loaded.serve
    getattr(loaded, "prepare", lambda: None)()
    os.environ.clear()
    signal.signal(signal.SIGCHLD, lambda *_: None)  # Only a handler makes the signal reach the wakeup socket.
    active, landlock = protect(Path(root))
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=control_fd) as control:
        control.send(json.dumps({"layers": sorted(active)}).encode())
        os.dup2(0, 2)  # A failing start was the last thing to be said in the worker's log.
        Forkserver(control, serve, landlock=landlock).run()


def protect(root: Path) -> tuple[set[str], layers.Landlock | None]:
    """Take every layer this kernel and user allow and return their names."""
    layers.forbid_new_privileges()
    alone = layers.cut_network()
    nobody = layers.become_nobody()
    alone = alone or layers.cut_network(as_user=True)
    landlock = _landlock(root)
    active = {
        "network": alone,
        "uid": nobody or os.geteuid() != 0,
        "landlock": landlock is not None,
        "capabilities": layers.drop_capabilities(),
    }
    return {name for name, is_active in active.items() if is_active}, landlock


def _landlock(root: Path) -> layers.Landlock | None:
    python = [sys.prefix, sys.base_prefix, *(path for path in sys.path if Path(path).resolve() != root)]
    try:
        landlock = layers.Landlock(map(Path, {*python, *SYSTEM_LIBRARIES, *(str(root / name) for name in OWN_CODE)}))
        landlock.restrict()
    except OSError:
        return None
    return landlock


class Forkserver:
    """The loop: a request forks, a hang-up kills, a death is reported."""

    def __init__(self, control: socket.socket, serve: Serve, *, landlock: layers.Landlock | None) -> None:
        """Watch the control socket and the deaths of children."""
        self._control = control
        self._serve = serve
        self._landlock = landlock
        self._pid = os.getpid()
        self._children: dict[int, socket.socket] = {}
        self._deaths, wakeup = socket.socketpair()
        self._wakeup = wakeup
        for end in (self._deaths, wakeup):
            end.settimeout(0)
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._poll.register(self._deaths, select.POLLIN)

    def run(self) -> None:
        """Serve until the worker is gone."""
        try:
            while all(self._handle(fd) for fd, _ in self._poll.poll()):
                pass
        finally:
            for pid in self._children:
                os.kill(pid, signal.SIGKILL)

    def _handle(self, fd: int) -> bool:
        """Return False when the worker is gone."""
        if fd == self._control.fileno():
            return self._fork()
        if fd == self._deaths.fileno():
            self._deaths.recv(4096)
            self._reap()
        else:
            self._kill(fd)
        return True

    def _fork(self) -> bool:
        asked, fds, _, _ = socket.recv_fds(self._control, REQUEST_BYTES, 3)
        if not asked:
            return False
        try:
            pdf, channel, status_fd = fds
            pid = os.fork()
        except (ValueError, OSError):  # Too few descriptors or processes: who asked sees the hang-up, the others go on.
            for descriptor in fds:
                os.close(descriptor)
            return True
        if pid == 0:
            self._become_child(pdf, channel)
        os.close(pdf)
        os.close(channel)
        status = socket.socket(fileno=status_fd)
        status.settimeout(0)
        self._children[pid] = status
        self._poll.register(status, select.POLLIN)
        _tell_pid(status, pid)
        return True

    def _become_child(self, pdf: int, channel: int) -> NoReturn:
        """Never returns: whatever happens, this must not run on as a second server."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if self._landlock is not None:
                self._landlock.restrict()
            keep_only(pdf, channel)
            confine(self._pid)
            serve_limited(self._serve)
            os._exit(os.EX_OK)
        finally:
            os._exit(os.EX_SOFTWARE)

    def _kill(self, status_fd: int) -> None:
        """Kill the child whose status socket was hung up on; unreaped, its pid cannot be another process's."""
        for pid, status in self._children.items():
            if status.fileno() == status_fd and _is_hung_up(status):
                os.kill(pid, signal.SIGKILL)
                self._poll.unregister(status)
                return

    def _reap(self) -> None:
        while self._children:
            pid, how, used = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._children.pop(pid) as status:
                _forget(self._poll, status)
                code = os.waitstatus_to_exitcode(how)
                ending = {"code": code, "peak_rss_kb": used.ru_maxrss, "cpu_s": used.ru_utime + used.ru_stime}
                _tell(status, ending, [])


def _is_hung_up(status: socket.socket) -> bool:
    try:
        return not status.recv(1)
    except BlockingIOError:
        return False
    except OSError:  # The connection was reset: nobody is there.
        return True


def _tell_pid(status: socket.socket, pid: int) -> None:
    try:
        pidfd = os.pidfd_open(pid)
    except (AttributeError, OSError):  # No such system call: hanging up still kills.
        _tell(status, {"pid": pid}, [])
        return
    _tell(status, {"pid": pid}, [pidfd])
    os.close(pidfd)


def _tell(status: socket.socket, said: Mapping[str, object], fds: Sequence[int]) -> None:
    try:
        socket.send_fds(status, [json.dumps(said).encode()], fds)
    except OSError:
        return  # The worker's slot does not listen any more; the child is dead or about to be.


def _forget(poll: select.poll, status: socket.socket) -> None:
    try:
        poll.unregister(status)
    except KeyError:
        return  # It was hung up on before.

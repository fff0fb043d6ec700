"""One child process: started so that it dies with us, its output pumped line by line, its group swept when it ends."""

import ctypes
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cli.up.account import Account
from cli.up.log import Log

PR_SET_PDEATHSIG = 1
LAST_LINES_S = 1.0  # What it said last is logged before its end is, unless a stranger holds its output open.
# An inherited socket is descriptor 3, as in sd_listen_fds(3). Popen cannot choose a number, so a small interpreter
# moves it and becomes the command.
MOVE_SOCKET = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_FDS'] = '1'; os.execvp(sys.argv[2], sys.argv[2:])"
)

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Command:
    """What to run and how to end it; `death_signal` is what the kernel sends when the supervisor is gone.

    `folder` is made before each start: somebody may have deleted it together with what was in it.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path = Path("/")
    folder: Path | None = None
    stdin: bytes = b""
    account: Account | None = None
    listener: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace_s: float = 10
    is_store: bool = False


class Child:
    """A started command; make it in the main thread, because PR_SET_PDEATHSIG follows the creating thread."""

    def __init__(self, command: Command, log: Log) -> None:
        """Start the command; raises OSError when there is no such program."""
        self.command = command
        self.started_at = time.monotonic()
        if command.folder:
            command.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._process = _spawn(command)
        if command.stdin and self._process.stdin:
            self._process.stdin.write(command.stdin)
            self._process.stdin.close()
        self._pump = threading.Thread(target=_pump, args=(self._process.stdout, command.name, log), daemon=True)
        self._pump.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lived_s(self) -> float:
        return time.monotonic() - self.started_at

    def exit_code(self) -> int | None:
        """Return how the process ended, or None while it runs; what it left of its group is killed first."""
        if self._process.returncode is None and self._has_ended():
            self._end()
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        if self.exit_code() is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill the process with its group and wait for its end."""
        if self.exit_code() is None:
            self._end()

    def _end(self) -> None:
        self._kill_group()
        self._process.wait()
        self._pump.join(LAST_LINES_S)

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # Nothing is left of the group, or macOS says so of one that only has a zombie.

    def _has_ended(self) -> bool:
        # WNOWAIT leaves the zombie, and so its number, in place: the group that we sweep cannot be somebody else's.
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _spawn(command: Command) -> subprocess.Popen[bytes]:
    account = command.account
    return subprocess.Popen(
        _argv(command),
        env=command.env,
        cwd=command.cwd,
        stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=() if command.listener is None else (command.listener,),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=None if account is None else [],
        preexec_fn=die_with_parent(command.death_signal),  # noqa: PLW1509 — one system call; there is no other way.
    )


def _argv(command: Command) -> tuple[str, ...]:
    if command.listener is None:
        return command.argv
    return (sys.executable, "-I", "-S", "-c", MOVE_SOCKET, str(command.listener), *command.argv)


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return what a child runs between fork and exec so that the kernel ends it when this process is gone.

    Popen changes the user before it runs this, and has to: setuid clears the request.
    """
    parent = os.getpid()

    def ask_kernel() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def _pump(stream: IO[bytes] | None, name: str, log: Log) -> None:
    with stream or io.BytesIO() as lines:
        for line in lines:
            log.line(name, line.decode(errors="replace").rstrip())

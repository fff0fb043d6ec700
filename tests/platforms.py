"""Starts platforms as a person at a terminal would, and looks at the processes they leave."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests import canaries

ROOT = Path(__file__).resolve().parents[1]
UP = (str(ROOT / "sheaf"), "up", "--port", "0")
GIVEN_BY_USERS = ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "PORT", "HOST", "SHEAF_DATA")
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 25.0


class StartedPlatform:
    """A supervisor in a process of its own; `log` is what it and its children said."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Start it; nothing of the tests' own settings reaches it."""
        self.log = log
        self.lines: list[str] = []
        clean = {name: value for name, value in os.environ.items() if name not in GIVEN_BY_USERS}
        with log.open("a") as stream:
            self.process = subprocess.Popen(
                command,
                env={**clean, "BCRYPT_ROUNDS": "4", **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def address(self) -> str:
        return self.lines[0].removeprefix("ready ").strip()

    def wait_ready(self) -> "StartedPlatform":
        eventually(lambda: bool(self.lines) or self.process.poll() is not None, within_s=START_TIMEOUT_S)
        assert self.lines, f"the platform did not become ready:\n{self.said}"
        return self

    @property
    def data(self) -> Path:
        return self.log.with_name(self.log.name.removesuffix(".log"))

    @property
    def note(self) -> dict[str, str]:
        """What the platform wrote down of itself while it runs."""
        note: dict[str, str] = json.loads((self.data / "run.json").read_text())
        return note

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.address + path, timeout=10) as response:  # noqa: S310 — our own address.
            answer: dict[str, Any] = json.load(response)
            return answer

    def processes(self) -> list[psutil.Process]:
        """Return everything below the supervisor."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, words: str) -> psutil.Process:
        """Return the direct child whose command line has these words."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if words in " ".join(child.cmdline()))

    def send(self, number: signal.Signals = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.send(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(STOP_TIMEOUT_S)
        self._reader.join(5)
        return code

    def kill_all(self) -> None:
        """Kill the platform, if it runs, and everything below it."""
        below: list[psutil.Process] = []
        if self.process.poll() is None:
            below = self.processes()
            self.process.kill()
            self.wait()
        for process in below:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        with stream:
            self.lines.extend(stream)


@contextmanager
def platform(
    data: Path, *, command: Sequence[str] = UP, environment: Mapping[str, str] | None = None
) -> Iterator[StartedPlatform]:
    """Start a platform on this data directory; whatever a failing test leaves of it is killed, and its log searched."""
    log = data.with_name(f"{data.name}.log")
    started = StartedPlatform(command, {"SHEAF_DATA": str(data), **(environment or {})}, log)
    try:
        yield started
    finally:
        started.kill_all()
    assert not (found := canaries.found_in(started.said)), f"a secret was logged: {found}"


@contextmanager
def data_directory() -> Iterator[Path]:
    """Make a place for a data directory that `nobody` may walk into, as Postgres has to when root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="sheaf-up-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "data"


def stand_in(procfile: Path) -> tuple[str, ...]:
    """Return the command of a platform that runs these lines instead of ours, and no migrations."""
    code = (
        "import sys; from pathlib import Path; from cli.up.environment import read_environment;"
        " from cli.up.log import Log; from cli.up.platform import Platform;"
        " environment = read_environment(Path('/'));"
        " supervised = Platform(environment, Log(sys.stderr), procfile=Path(sys.argv[1]), migrates=False);"
        " sys.exit(supervised.run(lambda running: print('ready', running.address, flush=True)))"
    )
    return (sys.executable, "-c", code, str(procfile))


def eventually(holds: Callable[[], bool], *, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"did not happen within {within_s:g} s"
        time.sleep(0.05)


def all_gone(processes: Sequence[psutil.Process], *, within_s: float) -> bool:
    """Say whether all of them ended by then; survivors are killed, so that a failing test leaves nothing behind."""
    survivors = psutil.wait_procs(processes, timeout=within_s)[1]
    for process in survivors:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return not survivors

"""The stores of a stage: Postgres and the broker, which can be stopped, killed, frozen, emptied and started again."""

import io
import shutil
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from cli.up.log import Log
from cli.up.postgres import Postgres, prepare_postgres
from cli.up.process import Child, Command
from cli.up.valkey import Valkey, prepare_valkey

START_TIMEOUT_S = 90  # RabbitMQ takes 8 s on an idle machine and ten times that on a busy one.
BROKER_PASSWORD = "only for this run"


class Server:
    """One server process; `start` again follows every way to end it. Use it from the main thread."""

    def __init__(self, command: Callable[[], Command], is_ready: Callable[[], bool]) -> None:
        """Keep how to start it."""
        self._command = command
        self._is_ready = is_ready
        self._said = io.StringIO()
        self._child: Child | None = None

    @property
    def said(self) -> str:
        return self._said.getvalue()

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.exit_code() is None

    def start(self) -> None:
        """Start it and wait until it answers; one that cannot start yet, for its predecessor's remains, tries again."""
        deadline = time.monotonic() + START_TIMEOUT_S
        self._child = Child(self._command(), Log(self._said))
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise RuntimeError(f"a store of the stage did not start: {self.said}")
            if self._child.exit_code() is not None:
                self._child = Child(self._command(), Log(self._said))
            time.sleep(0.1)

    def stop(self) -> None:
        """End it as an administrator would."""
        if self._child is not None:
            self._child.send(self._child.command.stop_signal)
            _wait_for(self._child)

    def kill(self) -> None:
        """Kill -9, its children as well: they are processes of one server."""
        below = self._processes()
        if self._child is not None:
            self._child.kill()
        for process in below:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(below, timeout=10)

    def kill_main(self) -> None:
        """Kill -9 the main process only, as the out-of-memory killer might."""
        if self._child is not None:
            self._child.kill()

    def freeze(self) -> None:
        for process in self._processes():
            process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        for process in reversed(self._processes()):
            process.send_signal(signal.SIGCONT)

    def _processes(self) -> list[psutil.Process]:
        if self._child is None or self._child.exit_code() is not None:
            return []
        main = psutil.Process(self._child.pid)
        return [main, *main.children(recursive=True)]


class PostgresServer(Server):
    """A throw-away cluster that keeps the product's own settings."""

    def __init__(self, folder: Path, *, extra: Sequence[str] = ()) -> None:
        """Make the cluster."""
        self.cluster: Postgres = prepare_postgres(folder, port=free_port())
        super().__init__(lambda: self.cluster.command(extra=extra), self.cluster.is_ready)

    @property
    def port(self) -> int:
        return self.cluster.port

    def url(self, port: int | None = None) -> str:
        """Return its address, or that of a proxy which stands before it."""
        return self.cluster.url.replace(f":{self.port}/", f":{port or self.port}/")


class BrokerServer(Server):
    """A Valkey whose persistence can be switched between two starts."""

    def __init__(self, folder: Path) -> None:
        """Prepare; nothing is started."""
        self.keeps_data = True
        self._folder = folder
        self._server: Valkey = prepare_valkey(folder, port=free_port(), password=BROKER_PASSWORD.replace(" ", "-"))
        super().__init__(self._command_now, self._server.is_ready)

    @property
    def port(self) -> int:
        return self._server.port

    def url(self, port: int | None = None) -> str:
        return self._server.url.replace(f":{self.port}/", f":{port or self.port}/")

    def lose_data(self) -> None:
        """Delete what it wrote; only while it is down."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def flush(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(f"AUTH {self._server.password}\r\nFLUSHALL\r\n".encode())
            link.recv(64)

    def _command_now(self) -> Command:
        return self._server.command(extra=() if self.keeps_data else ("appendonly no",))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(child: Child, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while child.exit_code() is None:
        if time.monotonic() > deadline:
            child.kill()
        time.sleep(0.02)

"""A throw-away RabbitMQ, where the machine has one: the same rows can be run with FAULTS_BROKER=amqp."""

import os
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

from cli.up.process import Command
from tests.faults.servers import Server, free_port

PROGRAM = "rabbitmq-server"
REAL_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's other one changes to a user of its own.
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"


class RabbitServer(Server):
    """One node on 127.0.0.1 with a name, ports and folders of its own."""

    def __init__(self, folder: Path) -> None:
        """Prepare; nothing is started."""
        self.keeps_data = True
        self.port = free_port()
        self._folder = folder
        self._distribution_port = free_port()
        super().__init__(self._command_now, self._is_up)

    def url(self, port: int | None = None) -> str:
        return f"amqp://guest:guest@127.0.0.1:{port or self.port}/{quote('/', safe='')}"

    def lose_data(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def flush(self) -> None:
        raise NotImplementedError("RabbitMQ has no FLUSHALL")

    def _command_now(self) -> Command:
        self._folder.mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "rabbitmq.conf"
        configuration.write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\nloopback_users = none\n")
        plugins = self._folder / "enabled_plugins"
        plugins.write_text("[].\n")
        node = f"faults{self.port}@localhost"
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "LC_ALL": "C.UTF-8",
            "RABBITMQ_NODENAME": node,
            "RABBITMQ_CONFIG_FILE": str(configuration.with_suffix("")),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        return Command("rabbitmq", (program(),), env, folder=self._folder, grace_s=30, is_store=True)

    def _is_up(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as link:
                link.sendall(PROTOCOL_HEADER)
                return bool(link.recv(8))
        except OSError:
            return False


def program() -> str:
    return str(REAL_PROGRAM) if REAL_PROGRAM.exists() else PROGRAM


def is_installed() -> bool:
    return REAL_PROGRAM.exists() or shutil.which(PROGRAM) is not None

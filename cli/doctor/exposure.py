"""Who else could get in: secrets that others can read or guess, and doors that are open to the network."""

import socket
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from cli.doctor.findings import Finding, fault, ok, warning
from shared.settings import Settings

OTHERS = stat.S_IRWXG | stat.S_IRWXO
SHORTEST_PASSWORD = 12
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def look(settings: Settings, environment: Mapping[str, str], *folders: Path) -> Iterator[Finding]:
    yield from secret_files([folder / ".env" for folder in folders], settings.sheaf_data)
    yield from _flower(settings, environment)
    yield from _address(settings)


def secret_files(files: list[Path], data: Path) -> Iterator[Finding]:
    """Look at every file that holds a secret; the signing key's strength was looked at with the settings."""
    known = sorted({file.resolve() for file in (*files, *data.glob("*.secret"), data / "run.json") if file.is_file()})
    open_to_others = [file for file in known if file.stat().st_mode & OTHERS]
    for file in open_to_others:
        yield fault("secrets", f"{file} can be read by other accounts.", f"chmod 600 {file}")
    if not open_to_others:
        yield ok("secrets", f"{len(known)} files with secrets are readable by their owner only.")


def _flower(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    given = settings.flower_basic_auth.get_secret_value() if settings.flower_basic_auth else ""
    if given and len(given.partition(":")[2]) < SHORTEST_PASSWORD:
        advice = f"Choose one of at least {SHORTEST_PASSWORD} characters for FLOWER_BASIC_AUTH; nobody has to type it."
        yield fault("flower.password", "Flower's password is short.", advice)
    if environment.get("FLOWER_UNAUTHENTICATED_API", "").lower() in ("1", "true", "yes"):
        yield fault("flower.api", "Flower's API asks nobody who they are.", "Unset FLOWER_UNAUTHENTICATED_API.")
    own = _own_address()
    if own and _answers(own, settings.flower_port):
        advice = "Start it with --address=127.0.0.1 as the Procfile does; administrators reach it at /flower/."
        yield fault("flower", f"port {settings.flower_port} is open to the network at {own}.", advice)
    else:
        yield ok("flower", "it is not open to the network.")


def _address(settings: Settings) -> Iterator[Finding]:
    is_far = settings.host not in LOOPBACK
    if is_far and not (settings.public_url or "").startswith("https://"):
        said = f"the API listens on {settings.host}, and PUBLIC_URL is not https."
        yield warning("address", said, "Put a proxy with TLS before it, and set PUBLIC_URL and TRUSTED_PROXIES.")
    else:
        yield ok("address", f"the API listens on {settings.host}; people come to {settings.public_base}.")


def _own_address() -> str | None:
    """Return the address this machine has in its network; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # A documentation address (RFC 5737): it only chooses the way out.
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address in LOOPBACK else address


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True

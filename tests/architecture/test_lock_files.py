"""The lock files: every requirement pinned with hashes, no address of a package index, one set of versions."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNTIME, DEVELOPMENT = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
PINNED = re.compile(
    r"(?P<package>[a-z0-9][a-z0-9.\[\],-]*==[\w.+!]+)"
    r"(?: ; [^#]+?)?"  # A marker, such as the Python versions that need it.
    r"(?: +--hash=sha256:[0-9a-f]{64})+"
)
each_lock = pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda lock: lock.name)


def requirements(lock: Path) -> list[str]:
    """Return each requirement with its marker and hashes as one line."""
    lines = lock.read_text().replace("\\\n", "").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def packages(lock: Path) -> set[str]:
    """Return what is pinned as `name==version`."""
    return {found["package"] for line in requirements(lock) if (found := PINNED.fullmatch(line))}


@each_lock
def test_every_requirement_is_pinned_with_hashes(lock: Path) -> None:
    assert requirements(lock)
    assert [line for line in requirements(lock) if not PINNED.fullmatch(line)] == []


@each_lock
def test_no_address_is_written_down(lock: Path) -> None:
    assert [line for line in lock.read_text().splitlines() if "://" in line or line.startswith("-")] == []


def test_development_has_the_runtime_in_the_same_versions() -> None:
    assert packages(RUNTIME)
    assert packages(RUNTIME) - packages(DEVELOPMENT) == set()

"""Whether the packages that run are those of the lock file, with which the tests were run."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.markers import Marker

from cli.doctor.findings import Finding, fault, ok

PINNED = re.compile(
    r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>\S+)(?: ; (?P<marker>[^\\]+?))? *\\?$", re.MULTILINE
)
SHOWN = 5


def look(lock: Path) -> Iterator[Finding]:
    if not lock.exists():
        yield ok("packages", f"Python {sys.version.split()[0]}; there is no lock file to compare with.")
        return
    pins = [pin for pin in PINNED.finditer(lock.read_text()) if not pin["marker"] or Marker(pin["marker"]).evaluate()]
    wrong = [f"{pin['name']} {_installed(pin['name'])} instead of {pin['version']}" for pin in pins if _differs(pin)]
    if wrong:
        shown = ", ".join(wrong[:SHOWN]) + (", …" if len(wrong) > SHOWN else "")
        advice = "Install them anew: delete .venv and call ./sheaf, or build the image again."
        yield fault("packages", f"{len(wrong)} packages are not as {lock.name} has them: {shown}.", advice)
    else:
        yield ok("packages", f"Python {sys.version.split()[0]}, and {len(pins)} packages as {lock.name} has them.")


def _differs(pin: re.Match[str]) -> bool:
    return _installed(pin["name"]) != pin["version"]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"

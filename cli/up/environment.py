"""The environment that the processes get: the caller's, then `.env`, then what an embedded platform supplies."""

import os
import sys
from pathlib import Path

from dotenv import dotenv_values

from cli.up.errors import UpError

EX_CONFIG = 78
ROOT = Path(__file__).resolve().parents[2]
DATA_FOLDER = ".sheaf"


def read_environment(folder: Path, *, root: Path = ROOT) -> dict[str, str]:
    """Return the caller's variables over those of `.env` in this folder over those of `.env` in the checkout.

    Empty ones count as not given. `SHEAF_DATA` becomes absolute: it starts from the place that names it.
    """
    merged: dict[str, str] = {}
    for place in (root, folder):
        merged |= _absolute_data({name: value for name, value in dotenv_values(place / ".env").items() if value}, place)
    merged |= _absolute_data({name: value for name, value in os.environ.items() if value}, folder)
    merged.setdefault("SHEAF_DATA", str(root / DATA_FOLDER))
    return merged


def number(environment: dict[str, str], name: str, *, default: int, smallest: int) -> int:
    """Return a setting that has to be a whole number; raises UpError with the code for a bad configuration."""
    given = environment.get(name, str(default))
    if not given.isdecimal() or int(given) < smallest:
        raise UpError(f"{name}: must be a whole number of at least {smallest}, not {given!r}.", exit_code=EX_CONFIG)
    return int(given)


def with_programs(environment: dict[str, str]) -> dict[str, str]:
    """Put the programs of our own interpreter first on PATH and let Python write its lines at once."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return {**environment, "PATH": path, "PYTHONUNBUFFERED": "1"}


def _absolute_data(variables: dict[str, str], place: Path) -> dict[str, str]:
    if "SHEAF_DATA" in variables:
        variables["SHEAF_DATA"] = str((place / variables["SHEAF_DATA"]).absolute())
    return variables

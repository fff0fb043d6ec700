"""How operator commands find the installation: their own settings, else the platform that runs here."""

import os
from pathlib import Path

from cli.up.data import read_run_note
from cli.up.environment import read_environment


def join_platform() -> bool:
    """Put the running platform's settings into our environment unless DATABASE_URL is given; say whether there is one.

    What `.env` gives is put there as well, so that the command may be called from any folder.
    """
    environment = read_environment(Path.cwd())
    if "DATABASE_URL" not in environment:
        environment |= read_run_note(Path(environment["SHEAF_DATA"]))
    os.environ.update(environment)
    return "DATABASE_URL" in environment

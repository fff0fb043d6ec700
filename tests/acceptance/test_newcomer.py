"""The newcomer's session, exactly as the README shows it."""

import os
import re
import subprocess

import pytest

from tests.platforms import GIVEN_BY_USERS, ROOT, data_directory

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
SESSION = re.compile(r"<!-- newcomer -->\n```\w*\n(.*?)```", re.DOTALL)
STOP = "\nkill $! && wait $!\n"


def test_the_readmes_session_works_as_it_stands() -> None:
    found = SESSION.search((ROOT / "README.md").read_text())
    assert found, "the README shows a newcomer's session"
    clean = {name: value for name, value in os.environ.items() if name not in GIVEN_BY_USERS}
    with data_directory() as data:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", found[1] + STOP],  # noqa: S607 — the shell that a newcomer types into.
            cwd=ROOT,
            env={**clean, "SHEAF_DATA": str(data), "PORT": "0"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "Harvest Report" in done.stdout
    assert '"Barley"' in done.stdout
    assert '"total": 1' in done.stdout

"""The snippets of the documentation that say `<!-- run -->`, run as they stand against a platform."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.platforms import ROOT, StartedPlatform
from tests.work import PASSWORD

pytestmark = [pytest.mark.processes, pytest.mark.timeout(90), pytest.mark.xdist_group("documentation")]
SNIPPET = re.compile(r"<!-- run -->\n```(?P<language>\w+)\n(?P<code>.*?)```", re.DOTALL)
COMMANDS = {
    "bash": ("bash", "-euo", "pipefail", "-c"),
    "python": (sys.executable, "-c"),
    "javascript": ("node", "--input-type=module", "-e"),
}
FOUND = [
    pytest.param(found["language"], found["code"], id=f"{document.stem}-{found['language']}")
    for document in sorted(ROOT.glob("docs/*.md"))
    for found in SNIPPET.finditer(document.read_text())
]


@pytest.fixture
def environment(started: StartedPlatform, tmp_path: Path) -> dict[str, str]:
    """What the documents tell their reader to set, for a new account."""
    email = f"{uuid4().hex[:12]}@example.org"
    body = {"email": email, "password": PASSWORD, "name": "Reader"}
    httpx.post(f"{started.address}/register", json=body).raise_for_status()
    given = {"API": started.address, "EMAIL": email, "PASSWORD": PASSWORD, "SHEAF_PASSWORD": PASSWORD}
    return {**os.environ, **given, "XDG_CONFIG_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}


@pytest.mark.parametrize(("language", "code"), FOUND)
def test_a_snippet_works_as_it_stands(environment: dict[str, str], language: str, code: str) -> None:
    command = COMMANDS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not here")
    done = subprocess.run(
        [*command, code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Barley" in done.stdout or "Harvest" in done.stdout


def test_every_language_of_the_documentation_is_run() -> None:
    assert {parameters.values[0] for parameters in FOUND} == set(COMMANDS)

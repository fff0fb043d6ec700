"""`./sheaf demo --once` and the operator's commands beside a running platform."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms import ROOT, data_directory, platform

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]


@pytest.fixture
def data() -> Iterator[Path]:
    with data_directory() as path:
        yield path


def sheaf(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "sheaf", *arguments],
        env={**os.environ, "SHEAF_DATA": str(data), "BCRYPT_ROUNDS": "4", "COLUMNS": "120", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_demo_shows_text_and_table_of_the_sample_and_its_account(data: Path) -> None:
    done = sheaf("demo", "--once", "--port", "0", data=data)
    assert done.returncode == 0, done.stderr
    assert "Golden Sheaf Growers' Cooperative" in done.stdout
    assert "│ Barley │ 412       │ 2,966     │ 587,268       │" in done.stdout
    assert "password:" in done.stdout


def test_the_demo_fails_in_a_sentence_when_a_file_is_no_pdf(data: Path) -> None:
    done = sheaf("demo", "--once", "--port", "0", str(ROOT / "pyproject.toml"), data=data)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("sheaf: ")


def test_a_file_that_does_not_exist_is_a_usage_error(data: Path) -> None:
    done = sheaf("demo", "--once", "nowhere.pdf", data=data)
    assert (done.returncode, done.stderr) == (2, "sheaf: there is no file nowhere.pdf.\n")


def test_an_administrator_is_made_while_the_platform_runs(data: Path) -> None:
    account = ("admin", "create-user", "--email", "ada@sheaf.test", "--name", "Ada", "--role", "admin")
    assert "start `./sheaf up` first" in sheaf(*account, data=data).stderr
    with platform(data) as running:
        running.wait_ready()
        first = sheaf(*account, data=data, SHEAF_PASSWORD="a long enough one")
        assert (first.returncode, first.stdout) == (0, "ada@sheaf.test is account 1 (admin).\n")
        second = sheaf(*account, data=data, SHEAF_PASSWORD="a long enough one")
        assert (second.returncode, second.stdout) == (1, "")
        assert running.stop() == 0

"""The bootstrap `./sheaf`: when it sets up, what survives, and what it hands over."""

import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SHEAF = Path(__file__).resolve().parents[2] / "sheaf"
CLI = "import json, os, sys; print(json.dumps({'arguments': sys.argv[1:], 'folder': os.getcwd()}))"
UV = """\
#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
sleep "${UV_TAKES:-0}"
exit "${UV_ENDS:-0}"
"""


class Checkout:
    """A checkout with empty locks, a command line that tells what it was given, and a `uv` that only counts."""

    def __init__(self, folder: Path) -> None:
        """Make it with a virtual environment that has no packages."""
        self.root = folder / "checkout"
        self.tools = folder / "tools"
        (self.root / "cli").mkdir(parents=True)
        (self.root / "cli" / "__main__.py").write_text(CLI)
        for lock in ("requirements.lock", "requirements-dev.lock"):
            (self.root / lock).write_text("# nothing\n")
        shutil.copy(SHEAF, self.root)
        self.tools.mkdir()
        (self.tools / "uv").write_text(UV)
        (self.tools / "uv").chmod(0o755)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.root / ".venv"], check=True)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        path = f"{self.tools}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            [sys.executable, self.root / "sheaf", *arguments],
            env={**os.environ, "PATH": path, **environment},
            cwd=self.tools,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[str, str]:
        return self.start(*arguments, **environment).communicate(timeout=30)

    @property
    def installations(self) -> list[str]:
        calls = self.tools / "calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def bootstrap() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("sheaf_bootstrap", str(SHEAF))
    spec = importlib.util.spec_from_loader("sheaf_bootstrap", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_first_run_installs_and_hands_over_arguments_and_folder(checkout: Checkout) -> None:
    out, err = checkout.run("up", "--port", "0")
    assert json.loads(out) == {"arguments": ["up", "--port", "0"], "folder": str(checkout.tools)}
    assert err == "sheaf: setting up .venv from requirements.lock (once; later starts need no network)\n"
    assert len(checkout.installations) == 1
    assert "--require-hashes" in checkout.installations[0]


def test_a_later_run_installs_nothing_and_says_nothing(checkout: Checkout) -> None:
    checkout.run("up")
    assert checkout.run("up")[1] == ""
    assert len(checkout.installations) == 1


def test_a_changed_lock_is_installed(checkout: Checkout) -> None:
    checkout.run("up")
    (checkout.root / "requirements.lock").write_text("# something else\n")
    checkout.run("up")
    assert len(checkout.installations) == 2


def test_what_the_tests_need_is_enough_for_everything_else(checkout: Checkout) -> None:
    checkout.run("test")
    assert checkout.installations[0].endswith("requirements-dev.lock")
    checkout.run("up")
    assert len(checkout.installations) == 1


def test_tests_need_more_than_the_platform(checkout: Checkout) -> None:
    checkout.run("up")
    checkout.run("check")
    assert len(checkout.installations) == 2


@pytest.mark.processes
@pytest.mark.timeout(60)
def test_a_failed_installation_is_tried_again(checkout: Checkout) -> None:
    (checkout.root / "requirements.lock").write_text("this is no lock\n")
    out, err = checkout.run("up", UV_ENDS="1")
    assert (out, err.splitlines()[-1][:45]) == ("", "sheaf: The packages of requirements.lock coul")
    assert json.loads(checkout.run("up")[0])["arguments"] == ["up"]
    assert len(checkout.installations) == 2


def test_an_interrupted_installation_is_repaired_by_the_next_run(checkout: Checkout) -> None:
    checkout.run("up")
    (checkout.root / "requirements.lock").write_text("# newer\n")
    interrupted = checkout.start("up", UV_TAKES="2")
    while len(checkout.installations) < 2:
        assert interrupted.poll() is None
    interrupted.kill()
    interrupted.communicate()
    (checkout.root / "requirements.lock").write_text("# nothing\n")
    checkout.run("up")
    assert len(checkout.installations) == 3


def test_two_runs_at_once_install_once(checkout: Checkout) -> None:
    both = [checkout.start("up", UV_TAKES="0.5") for _ in range(2)]
    assert all(json.loads(process.communicate(timeout=20)[0]) for process in both)
    assert len(checkout.installations) == 1


def test_a_moved_checkout_works_without_installing(checkout: Checkout) -> None:
    checkout.run("up")
    program = checkout.root / ".venv" / "bin" / "celery"
    program.write_text(f"#!{checkout.root}/.venv/bin/python\n")
    checkout.root = checkout.root.rename(checkout.root.with_name("elsewhere"))
    assert json.loads(checkout.run("up")[0])["arguments"] == ["up"]
    assert len(checkout.installations) == 1
    assert (checkout.root / ".venv" / "bin" / "celery").read_text() == f"#!{checkout.root}/.venv/bin/python\n"
    assert f"{checkout.root}/.venv" in (checkout.root / ".venv" / "bin" / "activate").read_text()


@pytest.mark.processes
@pytest.mark.timeout(60)
def test_a_virtual_environment_without_its_interpreter_is_made_anew(checkout: Checkout) -> None:
    checkout.run("up")
    for name in ("python", "python3"):
        (checkout.root / ".venv" / "bin" / name).unlink()
    assert json.loads(checkout.run("up")[0])["arguments"] == ["up"]
    assert len(checkout.installations) == 2


def test_without_a_usable_python_it_says_what_to_install(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "IS_USABLE", "raise SystemExit(1)")
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or later(.|\n)*apt install python3 python3-venv"):
        bootstrap.find_python()

"""The shape of the tree: what stands at its top, how each module opens, and which imports are allowed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("shared", "api", "worker", "cli", "migrations", "bench", "tests")
PLAN = (
    *FOLDERS,
    "docs/adr",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "pyproject.toml",
    "requirements.lock",
    "requirements-dev.lock",
    "sheaf",
    "Procfile",
    "docker-compose.yml",
    "Dockerfile",
    ".env.example",
)
MODULES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))


def first_sentence(module: Path) -> str:
    """Return the first line of the module's docstring, empty without one."""
    return (ast.get_docstring(ast.parse(module.read_bytes())) or "").partition("\n")[0]


@pytest.mark.parametrize("name", PLAN)
def test_what_the_plan_names_is_there(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_module_opens_with_a_sentence(folder: str) -> None:
    modules = [module for module in MODULES if module.is_relative_to(ROOT / folder)]
    assert modules
    assert [str(module) for module in modules if not first_sentence(module).endswith(".")] == []


@pytest.mark.processes
def test_the_import_contracts_hold() -> None:
    checker = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([checker, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout

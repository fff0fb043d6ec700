"""The developer's commands: the tests, the four checks that every change passes, and the measurements."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cli.up.environment import ROOT

PROGRAMS = Path(sys.executable).parent
CHECKS = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("lint-imports",),
)
PARALLEL_OPTIONS = ("-n", "--numprocesses", "--dist", "--pdb")


def test(arguments: Sequence[str]) -> int:
    """Become pytest, with a process more than there are cores, as many tests wait; the arguments may say otherwise."""
    chosen = any(argument.startswith(PARALLEL_OPTIONS) for argument in arguments)
    os.chdir(ROOT)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # All that tests start would be compiled anew each time.
    command = [sys.executable, "-m", "pytest", *([] if chosen else ["-n", str((os.cpu_count() or 1) + 1)]), *arguments]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 — no shell is wanted.


def bench(arguments: Sequence[str]) -> int:
    """Measure, and print one table."""
    given = [argument if argument.startswith("-") else str(Path(argument).resolve()) for argument in arguments]
    return subprocess.run([sys.executable, "-m", "bench", *given], cwd=ROOT, check=False).returncode


def check() -> int:
    """Run every check, also after one has failed, and say which did."""
    failed = [" ".join(command) for command in CHECKS if not _passes(command)]
    for command in failed:
        print(f"failed: {command}", file=sys.stderr)
    return 1 if failed else 0


def _passes(command: Sequence[str]) -> bool:
    program, *arguments = command
    print(f"== {' '.join(command)}", flush=True)
    return subprocess.run([str(PROGRAMS / program), *arguments], cwd=ROOT, check=False).returncode == 0

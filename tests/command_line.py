"""Somebody at a terminal: runs commands of `./sheaf` against a platform, with a sign-in of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from cli.app import app
from tests.platforms import ROOT
from tests.work import PASSWORD


class Terminal:
    """Commands run in this process, which is faster, but for those that are to be interrupted."""

    def __init__(self, home: Path, address: str) -> None:
        """Nobody is signed in yet."""
        self.address = address
        self.environment = {
            "XDG_CONFIG_HOME": str(home),
            "SHEAF_URL": "",
            "SHEAF_TOKEN": "",
            "SHEAF_PASSWORD": PASSWORD,
            "BROWSER": "true",
            "COLUMNS": "200",
        }

    def sheaf(self, *words: str | Path, typed: str | None = None, **environment: str) -> Result:
        """Run a command to its end."""
        return CliRunner().invoke(
            app, list(map(str, words)), input=typed, env={**self.environment, **environment}, prog_name="sheaf"
        )

    def sign_in(self, email: str) -> "Terminal":
        done = self.sheaf("login", "--url", self.address, "--email", email)
        assert done.exit_code == 0, done.stderr
        return self

    def records(self, *words: str | Path, code: int = 0) -> list[dict[str, Any]]:
        """Return what a command prints with --json."""
        done = self.sheaf(*words, "--json")
        assert done.exit_code == code, done.output
        return [json.loads(found) for found in done.stdout.splitlines()]

    def start(self, *words: str | Path, **variables: str) -> "subprocess.Popen[str]":
        """Run a command in a process of its own, which lives on meanwhile."""
        command: Sequence[str] = [sys.executable, "-P", "-m", "cli", *map(str, words)]
        pipe = subprocess.PIPE
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(ROOT), **variables}
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def interrupt(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Press Ctrl-C; return the exit code and what was said on standard error."""
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)[1]
    return process.returncode, said

"""`sheaf up`: the embedded platform in the foreground."""

import sys
from pathlib import Path

from cli.up.environment import read_environment
from cli.up.log import Log
from cli.up.platform import Platform, Running


def up(*, port: int | None) -> int:
    environment = read_environment(Path.cwd())
    if port is not None:
        environment["PORT"] = str(port)
    return Platform(environment, Log(sys.stderr)).run(_announce)


def _announce(running: Running) -> None:
    print(f"ready {running.address}", flush=True)

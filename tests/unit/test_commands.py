"""The Procfile and docker-compose.yml start the same processes with the same commands."""

import re
from pathlib import Path

from cli.up.procfile import parse_procfile

ROOT = Path(__file__).resolve().parents[2]
SERVICE = re.compile(r"^  (?P<name>[\w-]+):\n(?P<body>(?:^    .*\n|^\s*\n|^  #.*\n)+)", re.MULTILINE)
COMMAND = re.compile(r"^    command: (?P<command>\S.*)$", re.MULTILINE)
DEFAULTED = re.compile(r"\$\{(\w+):-[^}]*\}")


def compose_commands() -> dict[str, str]:
    """Return the commands by service, with compose's `${NAME:-default}` written as the Procfile's `$NAME`."""
    services = (ROOT / "docker-compose.yml").read_text().split("\nservices:\n", 1)[1]
    found = {service["name"]: COMMAND.search(service["body"]) for service in SERVICE.finditer(services)}
    return {name: DEFAULTED.sub(r"$\1", line["command"]) for name, line in found.items() if line}


def test_compose_runs_every_line_of_the_procfile_as_it_is() -> None:
    procfile = parse_procfile((ROOT / "Procfile").read_text())
    assert procfile
    compose = compose_commands()
    assert {name: compose.get(name) for name in procfile} == procfile


def test_compose_migrates_with_the_command_line() -> None:
    assert compose_commands()["migrate"] == "python -m cli migrate"

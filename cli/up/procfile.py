"""The Procfile: one `name: command` a line, the only place where the commands of our processes are written."""

import re
import shlex
from collections.abc import Mapping

from cli.up.errors import UpError

LINE = re.compile(r"^(?P<name>[A-Za-z0-9_-]+):\s*(?P<command>\S.*)$")
VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


class ProcfileInvalid(UpError):
    """A line of the Procfile cannot be understood."""


def parse_procfile(text: str) -> dict[str, str]:
    """Return the commands by name, in their order."""
    commands: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = LINE.match(line)
        if found is None or found["name"] in commands:
            raise ProcfileInvalid(f"Line {number} of the Procfile is not a new `name: command`: {line!r}.")
        commands[found["name"]] = found["command"].strip()
    return commands


def arguments(command: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Split a command as a shell does and put in the values of `$NAME` and `${NAME}`; no shell runs it."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in environment:
            raise ProcfileInvalid(f"The Procfile uses ${name}, which is not set.")
        return environment[name]

    return tuple(VARIABLE.sub(value, word) for word in shlex.split(command))

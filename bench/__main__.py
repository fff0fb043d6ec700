"""All measurements one after the other, and one table of what they say: `python -m bench [FOLDER]`.

FOLDER holds PDFs; without one, what needs them is left out. A line of the table is the last thing that a measurement
printed, which is a comparison with a bare counterpart in the same run. It takes about a quarter of an hour.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
NAME_WIDTH = 10


class Measurement(NamedTuple):
    """A module to run, with its arguments; `{folder}` stands for the folder of PDFs."""

    name: str
    arguments: Sequence[str] = ()
    lines: int = 1

    @property
    def needs_folder(self) -> bool:
        return "{folder}" in self.arguments


MEASUREMENTS = (
    Measurement("engine", ["{folder}"]),
    Measurement("pipeline", ["{folder}", "--budget", "40"]),
    Measurement("parts", ["600", "1"]),
    Measurement("api"),
    Measurement("live"),
    Measurement("search", ["20000", "20"]),
    Measurement("dispatch"),
    Measurement("tables", ["{folder}"], lines=8),
    Measurement("text", ["{folder}"]),
    Measurement("markdown", ["{folder}"]),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./sheaf bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="PDFs, perhaps with truths")
    folder = parser.parse_args().folder
    chosen = [each for each in MEASUREMENTS if folder or not each.needs_folder]
    found = [(each.name, _run(each, folder)) for each in chosen]
    print(f"\n{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    for name, lines in found:
        for number, line in enumerate(lines):
            print(f"{name if number == 0 else '':{NAME_WIDTH}}{line}")
    raise SystemExit(any(not lines for _, lines in found))


def _run(measurement: Measurement, folder: Path | None) -> list[str]:
    """Show what a measurement prints, and return its last lines; none when it failed."""
    arguments = [argument.format(folder=folder and folder.resolve()) for argument in measurement.arguments]
    command = [sys.executable, "-m", f"bench.{measurement.name}", *arguments]
    print(f"== {measurement.name} {' '.join(arguments)}", flush=True)
    said: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            said.append(line.rstrip("\n"))
    return [line for line in said if line.strip()][-measurement.lines :] if process.returncode == 0 else []


if __name__ == "__main__":
    main()

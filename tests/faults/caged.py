"""Becomes another program inside a memory cgroup: `caged FOLDER PROGRAM ARGUMENT…`."""

import os
import sys
from pathlib import Path


def main() -> None:
    cage, *command = sys.argv[1:]
    (Path(cage) / "cgroup.procs").write_text(str(os.getpid()))
    os.execvp(command[0], command)  # noqa: S606 — our own program.


if __name__ == "__main__":
    main()

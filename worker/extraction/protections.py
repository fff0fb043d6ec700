"""Prints as JSON which of the kernel's protections a sandbox has here: `python -m worker.extraction.protections`."""

import json
import sys

from worker.extraction.sandbox import Sandbox


def main() -> None:
    with Sandbox() as sandbox:
        json.dump(sorted(sandbox.layers), sys.stdout)


if __name__ == "__main__":
    main()

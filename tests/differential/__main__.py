"""The long run: `python -m tests.differential CASES [SEED] [FOLDER…]` reads that many changed PDFs with both readers.

Sources are generated PDFs and those in the folders. A difference is kept as a file in the current folder.
"""

import sys
from pathlib import Path

from tests.differential.comparison import compare, sources


def main() -> None:
    cases, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    tally = compare(sources(*map(Path, sys.argv[3:])), seed, cases=cases, keep=Path.cwd())
    sys.stdout.write(f"{tally}\n")
    raise SystemExit(bool(tally.differences))


main()

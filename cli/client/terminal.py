"""What a command prints: results on standard output, the rest on standard error, nothing that steers a terminal."""

import json
import re
import sys
from collections.abc import Iterable
from typing import Any

# What others wrote (names, messages, texts of PDFs) must not move the cursor, set the title or colour of a terminal.
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def line(*parts: object) -> None:
    """Print one line of a result at once, for whoever reads along."""
    print("  ".join(harmless(str(part)).replace("\n", " ") for part in parts), flush=True)


def record(found: Any) -> None:
    """Print one JSON object on a line of its own."""
    print(json.dumps(found, ensure_ascii=False), flush=True)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 page` and `2 pages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def note(text: str) -> None:
    print(f"sheaf: {harmless(text)}", file=sys.stderr, flush=True)


def write(pieces: Iterable[str]) -> None:
    """Pass a text through: as it is into a file or a pipe, harmless onto a terminal."""
    is_seen = sys.stdout.isatty()
    for piece in pieces:
        sys.stdout.write(harmless(piece) if is_seen else piece)

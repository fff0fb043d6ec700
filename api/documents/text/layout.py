"""pdfplumber's `extract_text(layout=True)`: words where they stand on the page, in a grid of characters.

pdfplumber makes it of words alone, so it can be made of the stored ones (its utils/text.py, `WordMap.to_textmap`).
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from api.documents.text.results import PageResults

X_DENSITY, Y_DENSITY = 7.25, 13  # pdfplumber's points for a character and for a line.
TOLERANCE = 3  # pdfplumber's DEFAULT_Y_TOLERANCE.
MOST = 3000  # Lines and columns: 500 paper inches. A word further out is not led up to by blanks, which fill memory.


def layout_text(page: PageResults) -> str:
    """Return the text of one page; empty if there is none."""
    words = [word for word in page.words if None not in {word["x0"], word["top"]}]
    if not words:
        return ""
    left, top = page.spans.corner
    columns, rows = (min(MOST, round(size)) for size in (page.width / X_DENSITY, page.height / Y_DENSITY))
    blank_line = " " * columns
    lines: list[str] = []
    for line in _lines(words):
        number = round((line[0]["top"] - top) / Y_DENSITY)
        lines += [blank_line] * (number - len(lines) if number <= MOST else 0)
        lines.append(_spread(line, left).ljust(columns))
    return "\n".join(lines + [blank_line] * (rows - 1 - len(lines)))  # One less, as in pdfplumber.


def _lines(words: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Group words one after another whose tops are in the same cluster: it ends where the next top is too far away."""
    cluster_of: dict[float, int] = {}
    number, last = 0, None
    for top in sorted({word["top"] for word in words}):
        if last is not None and top > last + TOLERANCE:
            number += 1
        cluster_of[top], last = number, top
    return (list(line) for _, line in groupby(words, lambda word: cluster_of[word["top"]]))


def _spread(line: Sequence[dict[str, Any]], left: float) -> str:
    """Put blanks before each word until it stands where it does on the page, and at least one between two."""
    spread = ""
    for word in line:
        column = round((word["x0"] - left) / X_DENSITY)
        blanks = column - len(spread) if column <= MOST else 0
        spread += " " * max(min(1, len(spread)), blanks) + word["text"]
    return spread

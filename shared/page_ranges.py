"""Page selections as people write them: `1-5,9` means pages one to five and nine."""

import re
from collections.abc import Iterator

from shared.errors import InvalidField

MAX_RANGES = 200
RANGE = re.compile(r"\s*(\d{1,7})\s*(?:-\s*(\d{1,7})\s*)?")


def normalize(text: str) -> str:
    """Return the selection sorted and merged, so that equal selections are equal strings.

    Raises InvalidField for anything but comma-separated page numbers and ranges.
    """
    merged: list[tuple[int, int]] = []
    for first, last in sorted(_parse(text)):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in merged)


def expand(ranges: str | None, page_count: int) -> list[int]:
    """Return the selected page numbers of a document with `page_count` pages, in order; None selects all."""
    if ranges is None:
        return list(range(1, page_count + 1))
    return [n for first, last in _parse(ranges) for n in range(first, min(last, page_count) + 1)]


def _parse(text: str) -> Iterator[tuple[int, int]]:
    parts = text.split(",")
    if len(parts) > MAX_RANGES:
        raise InvalidField("/pages", f"A selection may have at most {MAX_RANGES} ranges.")
    for part in parts:
        match = RANGE.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last:
            raise InvalidField("/pages", f"'{part.strip()[:40]}' is no page or page range; write it like 1-5,9.")
        yield first, last

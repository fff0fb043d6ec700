"""Where the columns of lines are parted: strips that hardly any line's phrases cross."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from statistics import median

from worker.extraction.engine.auto.lines import Line, Word

CROSSING_SHARE = 0.1
SUPPORT_SHARE = 0.25
MIN_STRIP = 0.35  # Of the characters' height.
SYMBOLS = re.compile(r"[$€£¥%()†‡*]+")
SPARSE = 0.6  # A line with less than this share of the usual number of phrases says nothing about columns.


class Strip(tuple[float, float]):
    """An empty strip between two columns, from x to x."""

    __slots__ = ()

    @property
    def middle(self) -> float:
        return (self[0] + self[1]) / 2


def strips_of(lines: Sequence[Line], height: float) -> list[Strip]:
    """Return the strips between the columns of these lines, from left to right."""
    usual = median([len(line.phrases) for line in lines])
    telling = [line for line in lines if len(line.phrases) >= max(2, SPARSE * usual)]
    if len(telling) < 2:
        return []
    strips = _uncrossed(telling, MIN_STRIP * height)
    strips = _supported(strips, telling)
    return _without_symbols(strips, lines)


def place_of(x0: float, x1: float, strips: Sequence[Strip]) -> tuple[int, int]:
    """Return the first and last column that something from x0 to x1 lies in."""
    middle = (x0 + x1) / 2
    first, last = column_of(x0, strips), column_of(x1, strips)
    # What reaches over by less than half of a narrow strip stays in its column.
    inside = column_of(middle, strips)
    first = inside if first < inside and x0 >= strips[inside - 1][0] else first
    last = inside if last > inside and x1 <= strips[inside][1] else last
    return first, last


def column_of(x: float, strips: Sequence[Strip]) -> int:
    """Return the number of the column that x is in."""
    return bisect_left(strips, x, key=_middle)


def _middle(strip: Strip) -> float:
    return (strip[0] + strip[1]) / 2


def _uncrossed(lines: Sequence[Line], least: float) -> list[Strip]:
    """Return the strips inside the lines' extent, at least so wide, which no more than a few lines cross."""
    allowed = int(CROSSING_SHARE * len(lines))
    ends = sorted(
        [(phrase.x0, 1) for line in lines for phrase in line.phrases]
        + [(phrase.x1, -1) for line in lines for phrase in line.phrases],
        key=lambda end: (end[0], -end[1]),
    )
    strips: list[Strip] = []
    depth, begun = 0, None
    for x, step in ends:
        depth += step
        if depth <= allowed and begun is None:
            begun = x
        elif depth > allowed and begun is not None:
            if x - begun >= least:
                strips.append(Strip((begun, x)))
            begun = None
    return strips


def _supported(strips: Sequence[Strip], lines: Sequence[Line]) -> list[Strip]:
    """Leave out strips until each column has words on enough lines."""
    kept = list(strips)
    while kept:
        counts = [0] * (len(kept) + 1)
        for line in lines:
            for column in {column_of(phrase.x0, kept) for phrase in line.phrases}:
                counts[column] += 1
        weakest = min(range(len(counts)), key=counts.__getitem__)
        if counts[weakest] >= max(2, SUPPORT_SHARE * 0.5 * len(lines)):
            break
        del kept[_narrower(weakest, kept)]
    return kept


def _narrower(column: int, strips: Sequence[Strip]) -> int:
    """Return which of the strips beside a column is the narrower one."""
    if column == 0:
        return 0
    if column == len(strips):
        return len(strips) - 1
    left, right = strips[column - 1], strips[column]
    return column - 1 if left[1] - left[0] <= right[1] - right[0] else column


def _without_symbols(strips: Sequence[Strip], lines: Sequence[Line]) -> list[Strip]:
    """Join columns of nothing but currency signs and the like with the one they belong to."""
    words: list[list[Word]] = [[] for _ in range(len(strips) + 1)]
    for line in lines:
        for word in line.words:
            words[column_of(word.middle, strips)].append(word)
    dropped = set()
    for column, found in enumerate(words):
        if found and all(SYMBOLS.fullmatch(word.text) for word in found):
            belongs_right = all(word.text[0] in "$€£¥(" for word in found)
            dropped.add(column if belongs_right and column < len(strips) else column - 1)
    return [strip for at, strip in enumerate(strips) if at not in dropped]

"""Regions: the parts of a page in the order in which they are read, found by the white space between columns.

A gutter is a strip of white space beside which the edges of several pieces of text are aligned, with text that looks
like columns on both of its sides. The one along which the columns run furthest is cut first: what is above it, its
left, its right and what is below are looked at in the same way. Columns of a table are no columns of text: cells are
short, or were drawn row by row.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from statistics import median

from api.documents.text.bidi import is_right_to_left
from api.documents.text.fragments import Fragment, chunks, merged

GUTTER = 0.55  # Of the size of most type: the least width of white space between columns.
BAND = 3.5  # Of that size: the white space that parts what is above it from what is below.
SMALL = 0.65  # Of that size: smaller type, as in figures, does not end a gutter.
ALIGNED = 3  # Edges of text that make a gutter worth a look.
LINES = 3  # The least lines of a column.
MAX_STRIPS = 24  # Edges that are looked at, those with the most texts first.
DEEPEST = 12  # Splits within splits; real pages have three or four.
Levels = list[list[Fragment]]  # Fragments by baselines, from the top down.


@dataclass(frozen=True)
class Likeness:
    """How much one side of a gutter has to look like a column of text."""

    letters: float  # Characters of a line, in the median.
    fill: float  # The width of a line, in the median, as a share of the column's.


DRAWN_TOGETHER = Likeness(letters=8, fill=0.35)
ON_ONE_GRID = Likeness(letters=16, fill=0.55)
DRAWN_BY_ROWS = Likeness(letters=24, fill=0.7)


@dataclass(frozen=True)
class Split:
    """Fragments above, left and right of, and below a gutter of this height."""

    height: float
    above: Sequence[Fragment]
    left: Sequence[Fragment]
    right: Sequence[Fragment]
    below: Sequence[Fragment]


def regions_of(fragments: Sequence[Fragment], size: float) -> Iterator[list[Fragment]]:
    """Yield the regions in the order of reading; `size` is that of most type on the page, in points."""
    members = {merged(chunk): chunk for chunk in chunks(fragments)}
    for region in _regions(members, size):
        yield [fragment for chunk in region for fragment in members[chunk]]


def _regions(fragments: Iterable[Fragment], size: float, *, depth: int = 0) -> Iterator[Sequence[Fragment]]:
    for band in _bands(sorted(fragments, key=attrgetter("middle")), size):
        yield from _regions_of_band(band, size, depth=depth)


def _bands(by_level: Sequence[Fragment], size: float) -> Iterator[Sequence[Fragment]]:
    """Yield what lies between broad white bands across the whole width."""
    start, bottom = 0, by_level[0].bottom if by_level else 0.0
    for at, fragment in enumerate(by_level):
        if fragment.top - bottom > BAND * size:
            yield by_level[start:at]
            start = at
        bottom = max(bottom, fragment.bottom)
    yield by_level[start:]


def _regions_of_band(by_level: Sequence[Fragment], size: float, *, depth: int) -> Iterator[Sequence[Fragment]]:
    split = _split(by_level, size) if len(by_level) >= 2 * LINES and depth < DEEPEST else None
    if split is None:
        if by_level:
            yield by_level
        return
    yield from _regions(split.above, size, depth=depth + 1)
    columns = (split.left, split.right)
    from_the_right = is_right_to_left("".join(fragment.text for column in columns for fragment in column))
    for column in reversed(columns) if from_the_right else columns:
        yield from _regions(column, size, depth=depth + 1)
    yield from _regions(split.below, size, depth=depth + 1)


def _split(by_level: Sequence[Fragment], size: float) -> Split | None:
    """Return the split along the gutter that runs furthest."""
    splits = [split for left, right in _strips(by_level, size) for split in _splits(by_level, left, right, size=size)]
    ordered = sorted(splits, key=attrgetter("height"), reverse=True)
    return next((split for split in ordered if _are_columns(split.left, split.right, size)), None)


def _strips(fragments: Sequence[Fragment], size: float) -> Iterator[tuple[float, float]]:
    """Yield strips, as left and right, that end where texts begin below one another or begin where texts end."""
    width, step = GUTTER * size, max(size / 4, 0.1)
    begins = Counter(round(fragment.x0 / step) for fragment in fragments)
    ends = Counter(round(fragment.x1 / step) for fragment in fragments)
    for bucket, count in begins.most_common(MAX_STRIPS):
        if count + begins[bucket + 1] >= ALIGNED:
            right = (bucket - 0.5) * step
            yield right - width, right
    for bucket, count in ends.most_common(MAX_STRIPS):
        if count + ends[bucket - 1] >= ALIGNED:
            left = (bucket + 0.5) * step
            yield left, left + width


def _splits(by_level: Sequence[Fragment], left: float, right: float, *, size: float) -> Iterator[Split]:
    """Yield the splits by a strip: between texts that cross it, where there is text on both of its sides."""
    crossing = [
        at
        for at, fragment in enumerate(by_level)
        if fragment.x0 < right and fragment.x1 > left and fragment.size >= SMALL * size
    ]
    for before, after in zip([-1, *crossing], [*crossing, len(by_level)], strict=True):
        if after - before <= 2 * LINES:
            continue
        start, end = _trimmed(by_level, before + 1, after)
        along = by_level[start:end]
        middle = left + right
        on_left = [fragment for fragment in along if fragment.x0 + fragment.x1 <= middle]
        on_right = [fragment for fragment in along if fragment.x0 + fragment.x1 > middle]
        if len(on_left) >= LINES and len(on_right) >= LINES:
            height = _common_height(on_left, on_right)
            if height >= LINES * size:
                yield Split(height, by_level[:start], on_left, on_right, by_level[end:])


def _trimmed(by_level: Sequence[Fragment], start: int, end: int) -> tuple[int, int]:
    """Leave out what stands apart above or below on one side only, such as a title or a page number."""
    while end - start > 2 and _stands_apart(by_level[start], by_level[start + 1]):
        start += 1
    while end - start > 2 and _stands_apart(by_level[end - 2], by_level[end - 1]):
        end -= 1
    return start, end


def _stands_apart(upper: Fragment, lower: Fragment) -> bool:
    return lower.top - upper.bottom > max(upper.size, lower.size)


def _common_height(left: Sequence[Fragment], right: Sequence[Fragment]) -> float:
    top = max(min(fragment.top for fragment in side) for side in (left, right))
    bottom = min(max(fragment.bottom for fragment in side) for side in (left, right))
    return bottom - top


def _are_columns(left: Sequence[Fragment], right: Sequence[Fragment], size: float) -> bool:
    sides = [[fragment for fragment in side if fragment.size >= SMALL * size] for side in (left, right)]
    levels = [_levels(side) for side in sides]
    if min(map(len, levels)) < LINES:
        return False
    if _is_drawn_by_rows(left, right, at_most=min(map(len, levels)) / 2):
        likeness = DRAWN_BY_ROWS
    else:
        likeness = ON_ONE_GRID if _are_aligned(*levels, size=size) else DRAWN_TOGETHER
    return all(_is_column(side, likeness) for side in levels)


def _are_aligned(left: Levels, right: Levels, *, size: float) -> bool:
    """Say whether most lines of the shorter side have one beside them, as in a table."""
    fewer, more = sorted((left, right), key=len)
    bases = [level[0].base for level in more]
    beside = sum(any(abs(level[0].base - base) < size / 5 for base in bases) for level in fewer)
    return beside > 0.8 * len(fewer)


def _is_drawn_by_rows(left: Sequence[Fragment], right: Sequence[Fragment], *, at_most: float) -> bool:
    """Say whether the page goes from one side to the other more often than that."""
    sides = [(fragment.order, side) for side, column in enumerate((left, right)) for fragment in column]
    ordered = [side for _, side in sorted(sides)]
    return sum(one != other for one, other in pairwise(ordered)) > at_most


def _is_column(levels: Levels, wanted: Likeness) -> bool:
    texts = ["".join(fragment.text for fragment in level) for level in levels]
    begin, end = (
        min(fragment.x0 for level in levels for fragment in level),
        max(fragment.x1 for level in levels for fragment in level),
    )
    widths = [sum(fragment.x1 - fragment.x0 for fragment in level) for level in levels]
    letters = sum(char.isalpha() for text in texts for char in text)
    is_text = 2 * letters > sum(map(len, texts))
    is_filled = median(widths) >= wanted.fill * (end - begin)
    return is_text and is_filled and median(map(len, texts)) >= wanted.letters


def _levels(side: Sequence[Fragment]) -> Levels:
    """Group fragments by baselines."""
    levels: Levels = []
    for fragment in sorted(side, key=attrgetter("base")):
        if levels and fragment.base - levels[-1][0].base <= fragment.size / 2:
            levels[-1].append(fragment)
        else:
            levels.append([fragment])
    return levels

"""Fragments: the spans of a page, each text once, in the frame in which they run from left to right."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import attrgetter

from shared.spans import Font, Span

NEAR = 0.1  # Of the size: how far, up to twice that, the copies of a text are apart that is drawn twice to look bold.
RAISED = 0.5  # Of the larger size: how far notes and indices stand above and below the baseline.
WIDE = 0.6  # Of the larger size: a gap at which columns may end.
QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Fragment:
    """Text of one font on one line; `base` is its baseline, `order` its place among what was drawn."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    base: float
    font: Font
    order: int

    @property
    def size(self) -> float:
        return self.font.size or self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def layers(spans: Sequence[Span]) -> list[list[Fragment]]:
    """Return the fragments of each direction of text, the one with the most of it first, upright ones if in doubt."""
    by_turn: dict[int, list[Fragment]] = {}
    for order, span in enumerate(spans):
        if text := _clean(span.text):
            by_turn.setdefault(span.turn, []).append(_fragment(span, text, order))
    ordered = sorted(by_turn.items(), key=lambda item: (-sum(len(fragment.text) for fragment in item[1]), item[0]))
    return [once(fragments) for _, fragments in ordered]


def once(fragments: Iterable[Fragment]) -> list[Fragment]:
    """Return the fragments without those that lie on another one of the same text."""
    kept: list[Fragment] = []
    seen: set[tuple[str, int, int]] = set()
    for fragment in fragments:
        step = NEAR * (fragment.size or 1)
        column, row = int(fragment.x0 // step), int(fragment.base // step)
        around = ((fragment.text, x, y) for x in (column - 1, column, column + 1) for y in (row - 1, row, row + 1))
        if seen.isdisjoint(around):
            kept.append(fragment)
        seen.add((fragment.text, column, row))
    return kept


def chunks(fragments: Iterable[Fragment]) -> list[list[Fragment]]:
    """Group fragments that were drawn one after another and follow one another on a line without a wide gap."""
    found: list[list[Fragment]] = []
    for fragment in fragments:
        if found and _follows(found[-1][-1], fragment):
            found[-1].append(fragment)
        else:
            found.append([fragment])
    return found


def merged(chunk: Sequence[Fragment]) -> Fragment:
    """Return one fragment in place of several, in the font of the largest type."""
    if len(chunk) == 1:
        return chunk[0]
    main = max(chunk, key=attrgetter("size"))
    x0, x1 = min(fragment.x0 for fragment in chunk), max(fragment.x1 for fragment in chunk)
    text = " ".join(fragment.text for fragment in chunk)
    return replace(main, text=text, x0=x0, x1=x1, order=chunk[0].order)


def _follows(last: Fragment, fragment: Fragment) -> bool:
    size = max(last.size, fragment.size)
    is_level = abs(last.base - fragment.base) <= RAISED * size
    return is_level and -WIDE * size <= fragment.x0 - last.x1 <= WIDE * size


def body_size(fragments: Sequence[Fragment]) -> float:
    """Return the size of type that half of the area of text has at most, in points; 0 if there is no text."""
    ordered = sorted(fragments, key=attrgetter("size"))
    covered = list(accumulate((fragment.x1 - fragment.x0) * fragment.size for fragment in ordered))
    return ordered[bisect_left(covered, covered[-1] / 2)].size if ordered else 0.0


def _fragment(span: Span, text: str, order: int) -> Fragment:
    x0, top, x1, bottom = _turned(span)
    return Fragment(text, x0, top, x1, bottom, bottom - span.font.depth, span.font, order)


def _turned(span: Span) -> tuple[float, float, float, float]:
    """Turn a span's box clockwise about the page's corner until its text runs from left to right."""
    x0, top, x1, bottom = span.x0, span.top, span.x1, span.bottom
    for _ in range(span.turn % QUARTERS):
        x0, top, x1, bottom = -bottom, x0, -top, x1
    return x0, top, x1, bottom


def _clean(text: str) -> str:
    """Return the text without control characters and soft hyphens' lookalikes of no meaning."""
    return "".join(char for char in text if char >= " " and char != "\x7f").strip()

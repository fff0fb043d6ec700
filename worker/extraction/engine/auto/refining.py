"""A grid whose rules part only some of its rows and columns, with the others parted where their words show it."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from worker.extraction.engine.auto.columns import strips_of
from worker.extraction.engine.auto.grids import Grid
from worker.extraction.engine.auto.lines import PHRASE_GAP, Line, Word, lines_from, typical_height
from worker.extraction.engine.auto.pieces import Piece, clash, pieces_of
from worker.extraction.engine.auto.rules import Rule

WIDE_GAP = 0.7  # Of the characters' height: what parts new columns.
MOST = 0.6  # The share of a column's lines that must be parted.
MIN_LINES = 3
SHORT = 3  # Words.
ROW_SHARE = 0.85
LOOSE_PITCH = 1.35  # Times the height of a line.


def with_words(grid: Grid, words: Sequence[Word]) -> Grid:
    """Return the grid with all rows and columns that rules or words tell of."""
    grid = grid.refined([], [*_new_columns(grid, words)])
    grid = grid.refined([], [*_sides(grid, words)])
    return grid.refined([*_new_rows(grid, words)], [])


def _sides(grid: Grid, words: Sequence[Word]) -> Iterator[Rule]:
    """Yield the sides that part a wide cell where another row's rules do, if its words keep clear of them."""
    for span, inside in grid.held(words).items():
        if span.last_column == span.column:
            continue
        _, top, _, bottom = grid.box_of(span)
        lines = lines_from(inside)
        for x in grid.xs[span.column + 1 : span.last_column + 1]:
            if _is_parted(lines, x):
                yield Rule(x, top, bottom)


def _is_parted(lines: Sequence[Line], x: float) -> bool:
    """Say whether words keep clear of x, and stand on both sides of it on some line."""
    has_both = False
    for line in lines:
        left = [word for word in line.words if word.middle <= x]
        right = [word for word in line.words if word.middle > x]
        if any(word.x1 > x + 1 for word in left) or any(word.x0 < x - 1 for word in right):
            return False
        if left and right:
            if min(word.x0 for word in right) - max(word.x1 for word in left) < PHRASE_GAP * line.height:
                return False
            has_both = True
    return has_both


def _new_columns(grid: Grid, words: Sequence[Word]) -> Iterator[Rule]:
    """Yield what parts columns in which most lines have words far apart."""
    for left, right in zip(grid.xs, grid.xs[1:], strict=False):
        lines = lines_from(word for word in words if left <= word.middle < right)
        wide = [line for line in lines if len(line.phrases) > 1]
        if len(wide) < MIN_LINES or len(wide) < MOST * len(lines):
            continue
        height = typical_height(lines)
        for strip in strips_of(wide, height):
            if strip[1] - strip[0] >= WIDE_GAP * height:
                yield from _beside_words(strip.middle, lines, grid)


def _beside_words(x: float, lines: Sequence[Line], grid: Grid) -> Iterator[Rule]:
    """Yield a rule at x along the rows in which no phrase crosses it."""
    for top, bottom in zip(grid.ys, grid.ys[1:], strict=False):
        inside = [line for line in lines if top <= line.middle < bottom]
        if not any(phrase.x0 < x < phrase.x1 for line in inside for phrase in line.phrases):
            yield Rule(x, top, bottom)


def _new_rows(grid: Grid, words: Sequence[Word]) -> Iterator[Rule]:
    """Yield what parts the lines of a row: several numbers in one column, or the distance that rows have elsewhere."""
    bands = [
        (bottom - top, lines_from(word for word in words if top <= word.level < bottom))
        for top, bottom in pairwise(grid.ys)
    ]
    heights = [height for height, lines in bands if len(lines) == 1]
    usual = median(heights) if len(heights) >= MIN_LINES else math.inf
    for _, lines in bands:
        pieces = [pieces_of(line, grid.strips) for line in lines]
        is_even = _is_even(pieces)
        first = 0
        for at in range(1, len(lines)):
            is_far = _are_apart(lines[at - 1], lines[at], usual)
            if is_far or is_even or clash(pieces[first : at + 1]):
                yield Rule((lines[at - 1].bottom + lines[at].top) / 2, grid.xs[0], grid.xs[-1])
                first = at


def _are_apart(line: Line, below: Line, usual: float) -> bool:
    """Say whether two lines are as far apart as rows usually are, and farther than the lines of one text."""
    distance = below.middle - line.middle
    return distance >= ROW_SHARE * usual and distance >= LOOSE_PITCH * max(line.height, below.height)


def _is_even(pieces: Sequence[Sequence[Piece]]) -> bool:
    """Say whether several lines have a short text in each column, all on the same ones: then each line is a row."""
    columns = [[piece.first for piece in found] for found in pieces]
    is_same = len(columns) >= MIN_LINES and len(columns[0]) > 1 and all(found == columns[0] for found in columns)
    return is_same and all(len(piece.text.split()) <= SHORT for found in pieces for piece in found)

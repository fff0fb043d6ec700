"""What rules enclose: groups of crossing rules, and the grid that each of them draws.

Borders that are missing at the sides are added where the rules end. What no rule parts is one cell.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from worker.extraction.engine.auto.columns import Strip
from worker.extraction.engine.auto.lines import Word
from worker.extraction.engine.auto.rules import Rule, Rules
from worker.extraction.engine.marks import Box

NEAR = 4.0  # Points: rules this close cross, and boundaries this close are one.
COVERED = 0.6  # How much of a cell's side a rule must run along to close it.


class Span(NamedTuple):
    """A cell by the first and last row and column of its grid, both included."""

    row: int
    column: int
    last_row: int
    last_column: int

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield the rows and columns that it covers."""
        for row in range(self.row, self.last_row + 1):
            for column in range(self.column, self.last_column + 1):
                yield row, column


@dataclass
class Grid:
    """Boundaries of columns and rows in points, and the cells: each covers a rectangle of the grid."""

    xs: list[float]
    ys: list[float]
    across: list[Rule]
    down: list[Rule]
    spans: list[Span] = field(init=False)

    def __post_init__(self) -> None:
        """Work out the cells."""
        self.across.sort()
        self.down.sort()
        self.spans = [*_spans(self.xs, self.ys, self.across, self.down)]

    @property
    def box(self) -> Box:
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]

    def box_of(self, span: Span) -> Box:
        return self.xs[span.column], self.ys[span.row], self.xs[span.last_column + 1], self.ys[span.last_row + 1]

    @property
    def drawn_share(self) -> float:
        """Return which part of its inner boundaries between places, of all of them, rules run along."""
        x0, top, x1, bottom = self.box
        inner = (len(self.xs) - 2) * (bottom - top) + (len(self.ys) - 2) * (x1 - x0)
        drawn = sum(_covered(self.down, x, top, bottom) for x in self.xs[1:-1])
        drawn += sum(_covered(self.across, y, x0, x1) for y in self.ys[1:-1])
        return drawn / inner if inner else 1.0

    @property
    def strips(self) -> list[Strip]:
        """Return its inner vertical boundaries as strips between columns."""
        return [Strip((x - 0.5, x + 0.5)) for x in self.xs[1:-1]]

    def held(self, words: Iterable[Word]) -> dict[Span, list[Word]]:
        """Return the words whose middle is in each cell."""
        held: dict[Span, list[Word]] = {span: [] for span in self.spans}
        at = {place: span for span in self.spans for place in span.places()}
        for word in words:
            place = bisect_right(self.ys, word.level) - 1, bisect_right(self.xs, word.middle) - 1
            if place in at:
                held[at[place]].append(word)
        return held

    def refined(self, across: Sequence[Rule], down: Sequence[Rule]) -> "Grid":
        """Return the grid with more rules in it."""
        if not across and not down:
            return self
        xs = boundaries([*self.xs, *(rule.at for rule in down)])
        ys = boundaries([*self.ys, *(rule.at for rule in across)])
        return Grid(xs, ys, [*self.across, *across], [*self.down, *down])


def grids_of(rules: Rules) -> list[Grid]:
    """Return the grids that have more than one cell, from the top of the page down."""
    grids = [grid for across, down in _groups(rules) if (grid := _grid(across, down)) and len(grid.spans) > 1]
    return sorted(grids, key=lambda grid: (grid.ys[0], grid.xs[0]))


def boundaries(values: Sequence[float]) -> list[float]:
    """Return the means of groups of values that are close to one another, in order."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= NEAR:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _groups(rules: Rules) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Yield the rules that hang together by crossing."""
    crossed = [[*_met(upright, rules.across)] for upright in rules.down]
    reached: set[int] = set()
    at_across: dict[int, list[int]] = {}
    for at, met in enumerate(crossed):
        for other in met:
            at_across.setdefault(other, []).append(at)
    for first in range(len(rules.down)):
        if first in reached:
            continue
        reached.add(first)
        group, across = [first], set[int]()
        for member in group:  # It grows while it is gone through.
            for rule in crossed[member]:
                if rule not in across:
                    across.add(rule)
                    fresh = [at for at in at_across[rule] if at not in reached]
                    reached.update(fresh)
                    group += fresh
        yield [rules.across[at] for at in sorted(across)], [rules.down[at] for at in sorted(group)]


def _met(down: Rule, across: Sequence[Rule]) -> Iterator[int]:
    """Yield the numbers of the rules that one crosses."""
    first = bisect_left(across, down.start - NEAR, key=_place)
    for at in range(first, bisect_right(across, down.end + NEAR, key=_place)):
        if across[at].start - NEAR <= down.at <= across[at].end + NEAR:
            yield at


def _grid(across: Sequence[Rule], down: Sequence[Rule]) -> Grid | None:
    if not across:
        return None
    left, right = min(rule.start for rule in across), max(rule.end for rule in across)
    top, bottom = min(rule.start for rule in down), max(rule.end for rule in down)
    xs = boundaries([rule.at for rule in down] + [left, right])
    ys = boundaries([rule.at for rule in across] + [top, bottom])
    if len(xs) < 2 or len(ys) < 2:
        return None
    return Grid(xs, ys, [*across], [*down])


def _spans(xs: Sequence[float], ys: Sequence[float], across: Sequence[Rule], down: Sequence[Rule]) -> Iterator[Span]:
    """Merge the places that no rule parts, first along each row, then down columns of equal extent."""
    open_spans: dict[tuple[int, int], Span] = {}
    for row in range(len(ys) - 1):
        following: dict[tuple[int, int], Span] = {}
        for column, last_column in _runs(xs, ys[row], ys[row + 1], down):
            above = open_spans.pop((column, last_column), None)
            if above and not _is_ruled(across, ys[row], xs[column], xs[last_column + 1]):
                following[column, last_column] = above._replace(last_row=row)
            else:
                if above:
                    yield above
                following[column, last_column] = Span(row, column, row, last_column)
        yield from open_spans.values()
        open_spans = following
    yield from open_spans.values()


def _runs(xs: Sequence[float], top: float, bottom: float, down: Sequence[Rule]) -> Iterator[tuple[int, int]]:
    first = 0
    for column in range(len(xs) - 1):
        if column == len(xs) - 2 or _is_ruled(down, xs[column + 1], top, bottom):
            yield first, column
            first = column + 1


def _is_ruled(rules: Sequence[Rule], at: float, start: float, end: float) -> bool:
    """Say whether rules run along most of this side."""
    return _covered(rules, at, start, end) >= COVERED * (end - start)


def _covered(rules: Sequence[Rule], at: float, start: float, end: float) -> float:
    """Return over what length rules run along this side; they do not overlap, for they were joined."""
    first, last = bisect_left(rules, at - NEAR, key=_place), bisect_right(rules, at + NEAR, key=_place)
    return sum(max(0.0, min(rule.end, end) - max(rule.start, start)) for rule in rules[first:last])


def _place(rule: Rule) -> float:
    return rule.at


def is_inside(word: Word, box: Box) -> bool:
    """Say whether the middle of a word is in a box."""
    x0, top, x1, bottom = box
    return x0 <= word.middle < x1 and top <= word.level < bottom

"""The rules drawn on a page: long thin lines and the sides of boxes, those that are nearly one made one."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from worker.extraction.engine.marks import Edge, Marks
from worker.extraction.engine.tables import BOTTOM, TOP, X0, X1, joined, snapped

MAX_EDGES, MAX_RULES = 50_000, 3_000
THIN = 4.0  # Points: boxes no higher or wider than that are rules.
MIN_LENGTH = 6  # Points; shorter edges are parts of drawings, dashes and underlined letters.


class Rule(NamedTuple):
    """A rule at a place across its direction, from its start to its end: y from x0 to x1, or x from top to bottom."""

    at: float
    start: float
    end: float


class Rules(NamedTuple):
    """All rules of a page."""

    across: list[Rule]
    down: list[Rule]


def rules_of(marks: Marks) -> Rules:
    """Return the rules of a page; edges up to three points apart are snapped together, as pdfplumber does.

    A page with very many is a drawing, which is no help, and going through them would take too long.
    """
    across = marks.lines.horizontal + _without_seams(marks) + marks.curves.horizontal
    down = marks.lines.vertical + marks.rects.vertical + marks.curves.vertical
    if len(across) + len(down) > MAX_EDGES:
        return Rules([], [])
    rules = Rules(
        sorted(Rule(y, x0, x1) for x0, y, x1, *_ in _merged(across, TOP) if x1 - x0 >= MIN_LENGTH),
        sorted(Rule(x, top, bottom) for x, top, _, bottom, _ in _merged(down, X0) if bottom - top >= MIN_LENGTH),
    )
    return rules if len(rules.across) + len(rules.down) <= MAX_RULES else Rules([], [])


def _without_seams(marks: Marks) -> list[Edge]:
    """Return the horizontal edges of boxes without those at which the shading of one cell goes on.

    Word processors shade a cell line by line: boxes of one width below one another, between rules at the cell's sides.
    Where there are no such rules, boxes one below the other are rows.
    """
    edges = marks.rects.horizontal
    tall = [
        (top, bottom) for top, bottom in zip(edges[::2], edges[1::2], strict=False) if bottom[TOP] - top[TOP] > THIN
    ]
    seams = {_place(top) for top, _ in tall} & {_place(bottom) for _, bottom in tall}
    if not seams:
        return edges
    sides = marks.rects.vertical
    thin = [
        side
        for pair in zip(sides[::2], sides[1::2], strict=False)
        if pair[1][X0] - pair[0][X0] <= THIN
        for side in pair
    ]
    uprights = sorted(marks.lines.vertical + thin)
    return [edge for edge in edges if _place(edge) not in seams or not _is_between(edge, uprights)]


def _place(edge: Edge) -> tuple[float, float, float]:
    return round(edge[X0], 1), round(edge[X1], 1), round(edge[TOP], 1)


def _is_between(edge: Edge, uprights: Sequence[Edge]) -> bool:
    """Say whether there are rules right beside both ends of a horizontal edge."""
    return all(_stands_at(x, edge[TOP], uprights) for x in (edge[X0], edge[X1]))


def _stands_at(x: float, y: float, uprights: Sequence[Edge]) -> bool:
    first = bisect_left(uprights, x - THIN, key=itemgetter(X0))
    last = bisect_right(uprights, x + THIN, key=itemgetter(X0))
    return any(upright[TOP] <= y <= upright[BOTTOM] for upright in uprights[first:last])


def _merged(edges: Sequence[Edge], side: int) -> Sequence[Edge]:
    return [*joined(snapped(edges, side), side)] if edges else []

"""Tables as pdfplumber's default settings find them (table.py): cells between crossing edges, and the text in them.

Edges close to one another are snapped to their mean and joined where they meet. Where a vertical and a horizontal edge
cross is a corner; the smallest rectangle below and right of a corner whose sides run along edges is a cell; cells that
share corners are a table. pdfplumber compares sets of edges for each pair of corners. Here each corner knows how far
its edges reach instead: along one line the corners on an edge are neighbours, so reach is an index.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, groupby
from operator import itemgetter

from worker.extraction.engine import Unsupported
from worker.extraction.engine.marks import Box, Edge, Marks, Run
from worker.extraction.engine.words import clusters, text_of_cell

TOLERANCE = 3  # pdfplumber's defaults for snapping, joining and crossing.
MIN_LENGTH = 3  # edge_min_length
X0, TOP, X1, BOTTOM, LENGTH = range(5)
Corner = tuple[float, float]  # x, top.
Rows = list[list[str | None]]


def find_tables(marks: Marks) -> list[list[Box]]:
    """Return the cells of each table of more than one cell, from the top of the page down."""
    vertical = marks.lines.vertical + marks.rects.vertical + marks.curves.vertical
    horizontal = marks.lines.horizontal + marks.rects.horizontal + marks.curves.horizontal
    if not vertical or not horizontal:
        return []
    vertical = [edge for edge in joined(snapped(vertical, X0), X0) if edge[LENGTH] >= MIN_LENGTH]
    horizontal = [edge for edge in joined(snapped(horizontal, TOP), TOP) if edge[LENGTH] >= MIN_LENGTH]
    tables = [cells for cells in _connected(Corners(vertical, horizontal).cells()) if len(cells) > 1]
    return sorted(tables, key=lambda cells: min((cell[TOP], cell[X0]) for cell in cells))


def bbox_of(cells: Sequence[Box]) -> Box:
    """Return the box around all cells."""
    x0s, tops, x1s, bottoms = zip(*cells, strict=True)
    return min(x0s), min(tops), max(x1s), max(bottoms)


class Corners:
    """Where edges cross, and how far along its edges one can go from each: to which `top` down, to which `x` right."""

    def __init__(self, vertical: Iterable[Edge], horizontal: Iterable[Edge]) -> None:
        """Find the crossings."""
        across = sorted(horizontal, key=itemgetter(TOP, X0))
        above = [edge[TOP] + TOLERANCE for edge in across]
        below = [edge[TOP] - TOLERANCE for edge in across]
        furthest = [0.0] * len(across)
        crossings: list[tuple[float, int]] = []
        self._down: dict[Corner, float] = {}
        for x, top, _, bottom, _ in sorted(vertical, key=itemgetter(X0, TOP)):
            near = range(bisect_left(above, top), bisect_right(below, bottom))
            met = [at for at in near if across[at][X0] - TOLERANCE <= x <= across[at][X1] + TOLERANCE]
            for at in met:
                corner = x, across[at][TOP]
                self._down[corner] = max(self._down.get(corner, corner[1]), across[met[-1]][TOP])
                furthest[at] = x
                crossings.append((x, at))
        self._right: dict[Corner, float] = {}
        for x, at in crossings:
            corner = x, across[at][TOP]
            self._right[corner] = max(self._right.get(corner, x), furthest[at])

    def cells(self) -> list[Box]:
        """Return the smallest cell below and right of each corner."""
        columns: dict[float, list[float]] = {}
        rows: dict[float, list[float]] = {}
        corners = sorted(self._down)
        for x, top in corners:
            columns.setdefault(x, []).append(top)
            rows.setdefault(top, []).append(x)
        found = (self._smallest_cell(corner, columns[corner[0]], rows[corner[1]]) for corner in corners)
        return [cell for cell in found if cell is not None]

    def _smallest_cell(self, corner: Corner, tops: list[float], xs: list[float]) -> Box | None:
        """Look through the corners of its column and of its row, the nearest first."""
        x, top = corner
        down, right = self._down, self._right
        first = bisect_right(xs, x)
        for bottom in tops[bisect_right(tops, top) : bisect_right(tops, down[corner])]:
            reach = min(right[corner], right[x, bottom])
            for at in range(first, bisect_right(xs, reach)):
                x1 = xs[at]
                if (x1, bottom) in down and bottom <= down[x1, top]:
                    return x, top, x1, bottom
        return None


class Contents:
    """The characters of a page, ready to be asked for those whose middle lies in a box."""

    def __init__(self, runs: Sequence[Run]) -> None:
        """Work out the middles: of lines from top to bottom, and of characters from left to right."""
        self._runs = runs
        self._middles = [[(x0 + x1) / 2 for x0, x1 in zip(run.x0s, run.x1s, strict=True)] for run in runs]
        self._in_order = [middles == sorted(middles) for middles in self._middles]
        levels = [(run.top + run.bottom) / 2 for run in runs]
        self._by_level = sorted(range(len(runs)), key=levels.__getitem__)
        self._levels = [levels[at] for at in self._by_level]

    def rows_of(self, cells: Iterable[Box]) -> Rows:
        """Return the text of each cell by rows; None where a row has no cell that begins at that column's left."""
        ordered = sorted(cells, key=itemgetter(TOP, X0))
        lefts = sorted({cell[X0] for cell in ordered})
        rows = []
        for _, row in groupby(ordered, itemgetter(TOP)):
            by_left = {cell[X0]: cell for cell in row}
            rows.append([self._text(by_left[left]) if left in by_left else None for left in lefts])
        return rows

    def _text(self, cell: Box) -> str:
        x0, top, x1, bottom = cell
        levels = self._levels
        near = sorted(self._by_level[bisect_left(levels, top) : bisect_left(levels, bottom)])
        parts = [part for at in near if (part := self._part(at, x0, x1)).texts]
        return text_of_cell(parts) if parts else ""

    def _part(self, at: int, x0: float, x1: float) -> Run:
        """Return the part of a run whose characters' middles lie between the two."""
        run, middles = self._runs[at], self._middles[at]
        if self._in_order[at]:
            within = slice(bisect_left(middles, x0), bisect_left(middles, x1))
            return Run(run.upright, run.top, run.bottom, run.x0s[within], run.x1s[within], run.texts[within])
        chosen = [x0 <= middle < x1 for middle in middles]
        x0s, x1s, texts = [*compress(run.x0s, chosen)], [*compress(run.x1s, chosen)], [*compress(run.texts, chosen)]
        return Run(run.upright, run.top, run.bottom, x0s, x1s, texts)


def snapped(edges: Iterable[Edge], side: int) -> Iterable[Edge]:
    """Move edges that are close to one another to their mean; `side` is X0 for vertical, TOP for horizontal ones."""
    edges = list(edges)
    cluster_of = clusters(edge[side] for edge in edges)
    groups: dict[int, list[Edge]] = {number: [] for number in cluster_of.values()}
    for edge in edges:
        groups[cluster_of[edge[side]]].append(edge)
    for group in groups.values():
        mean = sum([edge[side] for edge in group]) / len(group)
        for x0, top, x1, bottom, length in group:
            if side == X0:
                shift = mean - x0
                yield x0 + shift, top, x1 + shift, bottom, length
            else:
                shift = mean - top
                yield x0, top + shift, x1, bottom + shift, length


def joined(edges: Iterable[Edge], side: int) -> Iterator[Edge]:
    """Join edges on the same line that nearly meet."""
    start, end = (X0, X1) if side == TOP else (TOP, BOTTOM)
    on_line: dict[float, list[Edge]] = {}
    for edge in edges:
        on_line.setdefault(edge[side], []).append(edge)
    for position in sorted(on_line):
        first, *others = sorted(on_line[position], key=itemgetter(start))
        for edge in others:
            if edge[start] > first[end] + TOLERANCE:
                yield first
                first = edge
            elif edge[end] > first[end]:
                first = _lengthened(first, edge[end], end)
        yield first


def _lengthened(edge: Edge, value: float, end: int) -> Edge:
    """Move an edge's end, and its length with it, by pdfplumber's two different sums (geometry.py, `resize_object`)."""
    x0, top, x1, bottom, length = edge
    if value < (x0 if end == X1 else top):
        raise Unsupported("an edge that ends before it begins")
    if end == X1:
        return x0, top, value, bottom, value - x0
    return x0, top, x1, value, length + (value - bottom)


def _connected(cells: Sequence[Box]) -> Iterator[list[Box]]:
    """Group the cells that share corners."""
    at_corner: dict[Corner, list[int]] = {}
    for number, cell in enumerate(cells):
        for corner in _corners_of(cell):
            at_corner.setdefault(corner, []).append(number)
    grouped = [False] * len(cells)
    for number in range(len(cells)):
        if grouped[number]:
            continue
        grouped[number] = True
        group = [number]
        for member in group:  # It grows while it is gone through.
            for neighbour in chain.from_iterable(at_corner[corner] for corner in _corners_of(cells[member])):
                if not grouped[neighbour]:
                    grouped[neighbour] = True
                    group.append(neighbour)
        yield [cells[member] for member in group]


def _corners_of(cell: Box) -> tuple[Corner, Corner, Corner, Corner]:
    x0, top, x1, bottom = cell
    return (x0, top), (x0, bottom), (x1, top), (x1, bottom)

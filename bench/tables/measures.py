"""How much found tables agree with true ones: adjacency relations, and the four figures that camelot publishes.

An adjacency relation is a pair of texts that are neighbours in a row or in a column, blank cells skipped (Göbel et al.,
"ICDAR 2013 Table Competition"). Camelot's figures match the tables of a page by their order: how often there are as
many as there should be (F1), how alike the texts are in row-major order times how alike the shapes are ("TEDS proxy"),
and how often the number of rows and that of columns is right.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise
from statistics import mean
from typing import NamedTuple

from bench.tables.grids import Cell, Grid

Relations = Counter[tuple[str, str, bool]]  # Two texts, and whether the second is below the first.
Pages = dict[int, list[Grid]]


class Agreement(NamedTuple):
    """Relations that are found and true, found at all, and true at all."""

    both: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        return self.both / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.both / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.both / (self.found + self.true) if self.found + self.true else 1.0


NOTHING = Agreement(0, 0, 0)


@dataclass
class Score:
    """What was measured over all documents so far."""

    agreements: list[Agreement] = field(default_factory=list)
    teds: list[float] = field(default_factory=list)
    rows_right: list[bool] = field(default_factory=list)
    columns_right: list[bool] = field(default_factory=list)
    counts: Agreement = NOTHING

    def add(self, true: Pages, found: Pages) -> Agreement:
        """Compare a document's tables page by page, and return how its relations agree."""
        on_pages = [
            self._add_page(true.get(number, []), found.get(number, [])) for number in sorted(true.keys() | found.keys())
        ]
        agreement = total(on_pages)
        self.agreements.append(agreement)
        return agreement

    def figures(self) -> dict[str, float]:
        micro = total(self.agreements)
        return {
            "count F1": self.counts.f1,
            "TEDS proxy": mean(self.teds or [0]),
            "row": mean(self.rows_right or [0]),
            "col": mean(self.columns_right or [0]),
            "adjacency F1": mean([agreement.f1 for agreement in self.agreements] or [0]),
            "micro P": micro.precision,
            "micro R": micro.recall,
            "micro F1": micro.f1,
        }

    def _add_page(self, true: Sequence[Grid], found: Sequence[Grid]) -> Agreement:
        self.counts = total([self.counts, Agreement(min(len(true), len(found)), len(found), len(true))])
        for one, other in zip(true, found, strict=False):
            self.teds.append(likeness(one.rows, other.rows))
            self.rows_right.append(len(one.rows) == len(other.rows))
            self.columns_right.append(width(one.rows) == width(other.rows))
        return agree(true, found)


def total(agreements: Sequence[Agreement]) -> Agreement:
    return Agreement(*(sum(column) for column in zip(*agreements, strict=True))) if agreements else NOTHING


def agree(true: Sequence[Grid], found: Sequence[Grid]) -> Agreement:
    """Count the relations of a page's tables, of which the pairs that agree best are matched."""
    ours, theirs = [relations(grid) for grid in found], [relations(grid) for grid in true]
    shared = {(i, k): (one & other).total() for i, one in enumerate(ours) for k, other in enumerate(theirs)}
    both = 0
    while shared:
        best = max(shared, key=shared.__getitem__)
        both += shared[best]
        shared = {pair: count for pair, count in shared.items() if pair[0] != best[0] and pair[1] != best[1]}
    return Agreement(both, sum(found.total() for found in ours), sum(true.total() for true in theirs))


def relations(grid: Grid) -> Relations:
    """Return the relations of each cell with the next that is not blank on its right and below it."""
    at = {place: cell for cell in grid.cells if normal(cell.text) for place in cell.places()}
    height = max((row for row, _ in at), default=-1) + 1
    width = max((column for _, column in at), default=-1) + 1
    across = [[at.get((row, column)) for column in range(width)] for row in range(height)]
    down = [[at.get((row, column)) for row in range(height)] for column in range(width)]
    pairs = {(*pair, False) for line in across for pair in _neighbours(line)}
    pairs |= {(*pair, True) for line in down for pair in _neighbours(line)}
    return Counter((normal(one.text), normal(other.text), below) for one, other, below in pairs)


def _neighbours(line: Sequence[Cell | None]) -> list[tuple[Cell, Cell]]:
    cells = [cell for cell in line if cell is not None]
    return [(one, other) for one, other in pairwise(cells) if one is not other]


def normal(text: str) -> str:
    """Return the text without what spelling it in a PDF leaves open: white space, case, compatible characters."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def likeness(true: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> float:
    """Return camelot's stand-in for TEDS, from 0 to 1."""
    one, other = ([" ".join(text.split()).lower() for row in rows for text in row] for rows in (found, true))
    if not one and not other:
        return 1.0
    height, breadth = len(true) + len(found), width(true) + width(found)
    apart = abs(len(true) - len(found)) + abs(width(true) - width(found))
    return SequenceMatcher(None, one, other).ratio() * (1 - apart / (height + breadth + 1))


def width(rows: Sequence[Sequence[str]]) -> int:
    return max(map(len, rows), default=0)

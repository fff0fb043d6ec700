"""A table as cells on a grid, which is what a truth and a found table are compared as."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Cell(NamedTuple):
    """A cell from its first to its last row and column, counted from 0 and both included."""

    row: int
    column: int
    last_row: int
    last_column: int
    text: str

    def places(self) -> Iterator[tuple[int, int]]:
        for row in range(self.row, self.last_row + 1):
            for column in range(self.column, self.last_column + 1):
                yield row, column


@dataclass(frozen=True)
class Grid:
    """The cells of one table."""

    cells: Sequence[Cell]

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[str | None]]) -> "Grid":
        """Return the grid of rows in which None continues the cell on its left, or else the one above."""
        taken: set[tuple[int, int]] = set()
        cells = []
        for at, row in enumerate(rows):
            for column, text in enumerate(row):
                if text is not None and (at, column) not in taken:
                    cell = _spanning(rows, at, column, text)
                    taken.update(cell.places())
                    cells.append(cell)
        return cls(cells)

    @cached_property
    def rows(self) -> list[list[str]]:
        """Return the texts, each where its cell begins; the last row and column are the last that a cell begins in."""
        width = max((cell.column for cell in self.cells), default=-1) + 1
        height = max((cell.row for cell in self.cells), default=-1) + 1
        rows = [[""] * width for _ in range(height)]
        for cell in self.cells:
            rows[cell.row][cell.column] = cell.text
        return rows


def _spanning(rows: Sequence[Sequence[str | None]], at: int, column: int, text: str) -> Cell:
    last_column = column
    while last_column + 1 < len(rows[at]) and rows[at][last_column + 1] is None:
        last_column += 1
    last_row = at
    while last_row + 1 < len(rows) and all(value is None for value in rows[last_row + 1][column : last_column + 1]):
        last_row += 1
    return Cell(at, column, last_row, last_column, text)

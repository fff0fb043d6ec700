"""Tables of a page as Markdown writes them: cells between pipes, the first row as the head."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.documents.text.fragments import Fragment

LEAST_CELLS = 4
LONGEST_CELL = 1500  # Characters; what has longer cells is a frame around text.
Rows = Sequence[Sequence[str | None]]


@dataclass(frozen=True)
class Grid:
    """A table that is worth being written as one; x0, top, x1 and bottom are in points."""

    x0: float
    top: float
    x1: float
    bottom: float
    rows: Rows

    def holds(self, fragment: Fragment) -> bool:
        return self.x0 <= (fragment.x0 + fragment.x1) / 2 <= self.x1 and self.top <= fragment.middle <= self.bottom


def grids_of(tables: Iterable[Mapping[str, Any]]) -> list[Grid]:
    """Return the tables with two rows and two columns in use, without rows and columns that are empty."""
    grids = []
    for table in tables:
        rows = _without_empty(table["rows"])
        cells = [cell for row in rows for cell in row if cell and cell.strip()]
        is_grid = len(rows) > 1 and len(rows[0]) > 1 and len(cells) >= LEAST_CELLS
        if is_grid and max(map(len, cells)) <= LONGEST_CELL and None not in table["bbox"]:
            x0, top, x1, bottom = table["bbox"]
            grids.append(Grid(x0, top, x1, bottom, rows))
    return grids


def pipes(grid: Grid, fragments: Iterable[Fragment]) -> str:
    """Return the table; `fragments` are the texts in it, which have the blanks that pdfplumber's cells may lack."""
    spaced = {"".join(fragment.text.split()): fragment.text for fragment in fragments}
    head, *rows = [[_cell(cell, spaced) for cell in row] for row in grid.rows]
    return "\n".join(_row(row) for row in (head, ["---"] * len(head), *rows))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str | None, spaced: Mapping[str, str]) -> str:
    lines = (spaced.get("".join(line.split()), line) for line in (text or "").splitlines())
    return " ".join(" ".join(lines).split()).replace("|", "\\|").replace("<", "\\<")


def _without_empty(rows: Rows) -> Rows:
    kept = [row for row in rows if any(cell and cell.strip() for cell in row)]
    width = max(map(len, kept), default=0)
    full = [[*row, *[None] * (width - len(row))] for row in kept]
    used = [any(row[at] and str(row[at]).strip() for row in full) for at in range(width)]
    return [[cell for cell, is_used in zip(row, used, strict=True) if is_used] for row in full]

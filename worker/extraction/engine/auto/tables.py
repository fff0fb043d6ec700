"""The tables of a page, each with how it was found and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.page_content import TableStrategy
from worker.extraction.engine.auto.blocks import Block, blocks_of, is_tabular
from worker.extraction.engine.auto.columns import strips_of
from worker.extraction.engine.auto.grids import Grid, grids_of, is_inside
from worker.extraction.engine.auto.judging import is_chart, is_drawing, is_table
from worker.extraction.engine.auto.lines import Word, box_of, lines_from, lines_of, typical_height
from worker.extraction.engine.auto.prose import without_prose
from worker.extraction.engine.auto.refining import with_words
from worker.extraction.engine.auto.rows import rows_of
from worker.extraction.engine.auto.rules import Rules, rules_of
from worker.extraction.engine.marks import Box, Marks
from worker.extraction.engine.tables import Rows


@dataclass(frozen=True)
class Found:
    """A table: its box in points from the page's top left corner, and its rows of equal length.

    A cell is None where the one on its left or above goes on.
    """

    bbox: Box
    rows: Rows
    strategy: TableStrategy
    confidence: float

    def as_json(self) -> dict[str, Any]:
        return {"bbox": self.bbox, "rows": self.rows, "strategy": self.strategy, "confidence": self.confidence}


def find_tables(marks: Marks) -> list[Found]:
    """Return the tables of a page from the top down."""
    lines, rules = lines_of(marks), rules_of(marks)
    if not lines:
        return []
    words = [word for line in lines for word in line.words]
    grids = grids_of(rules)
    tables: list[Found] = []
    for grid in grids:
        is_nested = any(_is_within(grid.box, table.bbox) for table in tables)
        if not is_nested and (table := _of_grid(grid, words)):
            tables.append(table)
    taken = [table.bbox for table in tables] + [grid.box for grid in grids if _is_chart(grid, words)]
    rest = lines_from(word for word in words if not any(is_inside(word, box) for box in taken))
    height = typical_height(lines)
    remains = without_prose(rest)
    blocks = blocks_of(remains.lines, rules.across, height, gutters=remains.gutters)
    tables += [table for block in blocks if (table := _of_block(block, rules, height))]
    return sorted(tables, key=lambda table: (table.bbox[1], table.bbox[0]))


def _is_within(box: Box, outer: Box) -> bool:
    return outer[0] <= box[0] and outer[1] <= box[1] and box[2] <= outer[2] and box[3] <= outer[3]


def tables_found(marks: Marks) -> list[dict[str, Any]]:
    """Return the tables of a page as they are stored."""
    return [table.as_json() for table in find_tables(marks)]


def _is_chart(grid: Grid, words: Sequence[Word]) -> bool:
    inside = [word for word in words if is_inside(word, grid.box)]
    return is_drawing(grid, inside) and is_chart(grid, inside)


def _of_grid(grid: Grid, words: Sequence[Word]) -> Found | None:
    """Return the table that rules draw; None for boxes around something else."""
    inside = [word for word in words if is_inside(word, grid.box)]
    if not inside or is_drawing(grid, inside):
        return None
    grid = with_words(grid, inside)
    rows: Rows = [[None] * (len(grid.xs) - 1) for _ in range(len(grid.ys) - 1)]
    for span, held in grid.held(inside).items():
        rows[span.row][span.column] = "\n".join(line.text for line in lines_from(held))
    rows = _without_empty(rows)
    filled = sum(1 for row in rows for text in row if text)
    if len(rows) < 2 or len(rows[0]) < 2 or filled < 3:
        return None
    places = sum(1 for row in rows for text in row if text is not None)
    return Found(grid.box, rows, "ruled", round(0.6 + 0.4 * filled / places, 2))


def _of_block(block: Block, rules: Rules, height: float) -> Found | None:
    strips = strips_of([line for line in block.lines if is_tabular(line, height)], height)
    tabular = [line for line in block.lines if is_tabular(line, height)]
    if not strips or len(tabular) < (2 if len(block.rules) >= 2 else 3):
        return None
    rows = _without_empty(rows_of(block.lines, strips, rules.across, along=block.rules))
    if len(rows) < 2 or len(rows[0]) < 2 or not is_table(rows):
        return None
    filled = sum(1 for row in rows for text in row if text) / (len(rows) * len(rows[0]))
    is_ruled = len(block.rules) >= 2
    confidence = round((0.5 if is_ruled else 0.3) + 0.4 * filled, 2)
    return Found(
        box_of([word for line in block.lines for word in line.words]),
        rows,
        "partly_ruled" if is_ruled else "aligned",
        confidence,
    )


def _without_empty(rows: Rows) -> Rows:
    """Leave out rows and columns without any text, of which what is there only goes on."""
    rows = [row for row in rows if any(row)]
    kept = [column for column in range(len(rows[0])) if any(row[column] for row in rows)] if rows else []
    return [[row[column] for column in kept] for row in rows]

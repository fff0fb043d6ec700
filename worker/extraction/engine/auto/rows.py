"""Rows of cells made of lines whose words stand in columns: which lines are the header, and which are one row."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from worker.extraction.engine.auto.columns import Strip
from worker.extraction.engine.auto.headers import header_height, header_of
from worker.extraction.engine.auto.lines import Line
from worker.extraction.engine.auto.pieces import Piece, Row, clash, pieces_of
from worker.extraction.engine.auto.rules import Rule
from worker.extraction.engine.tables import Rows

TIGHT = 1.3  # Times the smallest distance: lines no farther apart than that may be one row.
BANDED_SHARE = 0.3
NEIGHBOURS = 6  # Lines below the header that tell where its columns are.


def rows_of(lines: Sequence[Line], strips: Sequence[Strip], rules: Sequence[Rule], *, along: Sequence[Rule]) -> Rows:
    """Return the rows of a table; `along` are those of the rules that run along all of it."""
    pieces = [pieces_of(line, strips) for line in lines]
    body = header_height(lines, pieces, along)
    heads = [pieces_of(line, strips, only_wide=True) for line in lines[:body]]
    rows = [
        *header_of(lines[:body], heads, strips, rules=rules, below_header=pieces[body : body + NEIGHBOURS]),
        *_body(lines[body:], [_narrowed(found) for found in pieces[body:]], along),
    ]
    return [row.cells(len(strips) + 1) if isinstance(row, Row) else row for row in rows]


def _narrowed(pieces: Sequence[Piece]) -> list[Piece]:
    """Let a heading that stands alone in a row, longer than its column is wide, span nothing."""
    if len(pieces) == 1 and pieces[0].first == 0:
        return [replace(pieces[0], last=0)]
    return [*pieces]


def _body(
    lines: Sequence[Line], pieces: Sequence[Sequence[Piece]], along: Sequence[Rule]
) -> list[Row | list[str | None]]:
    groups = _bands(lines, along)
    if not groups:
        groups = _close(lines)
        if not groups or any(clash([pieces[at] for at in group]) for group in groups):
            return [*_line_by_line(pieces)]
    rows: list[Row | list[str | None]] = []
    for found in ([pieces[at] for at in group] for group in groups):
        rows += _line_by_line(found) if clash(found) else [Row([piece for line in found for piece in line])]
    return rows


def _bands(lines: Sequence[Line], along: Sequence[Rule]) -> list[list[int]]:
    """Return the lines between two rules each, if the rules part rows; else nothing."""
    groups: list[list[int]] = []
    for at, line in enumerate(lines):
        if at and not any(lines[at - 1].middle < rule.at < line.middle for rule in along):
            groups[-1].append(at)
        else:
            groups.append([at])
    return groups if len(groups) >= max(3, BANDED_SHARE * len(lines)) else []


def _close(lines: Sequence[Line]) -> list[list[int]]:
    """Return the lines that are closer together than to others; nothing where all are equally far apart."""
    distances = [below.middle - line.middle for line, below in pairwise(lines)]
    if len(distances) < 2:
        return []
    limit = TIGHT * min(distances)
    wide = sum(1 for distance in distances if distance > limit)
    if wide < 0.3 * len(distances) or wide == len(distances):
        return []
    groups = [[0]]
    for at, distance in enumerate(distances, start=1):
        if distance <= limit:
            groups[-1].append(at)
        else:
            groups.append([at])
    return groups


def _line_by_line(pieces: Sequence[Sequence[Piece]]) -> list[Row]:
    """Make each line a row, but for what goes on from the line above or in the line below."""
    rows: list[Row] = []
    pending = False
    for found in pieces:
        if rows and (
            _goes_on(rows[-1].pieces, found) or _is_rest(rows[-1].pieces, found) or (pending and _completes(found))
        ):
            rows[-1].pieces += found
        else:
            rows.append(Row([*found]))
        pending = all(piece.last == 0 for piece in rows[-1].pieces)
    return rows


def _goes_on(above: Sequence[Piece], pieces: Sequence[Piece]) -> bool:
    """Say whether a line only continues texts of the row above: no number, and words that begin small."""
    filled = {piece.first for piece in above}
    is_below = all(piece.first in filled and piece.first == piece.last for piece in pieces)
    return is_below and all(piece.text[0].islower() or piece.text[0] in "(&" for piece in pieces)


def _is_rest(above: Sequence[Piece], pieces: Sequence[Piece]) -> bool:
    """Say whether a line without a label has only the rest of longer texts of the row above."""
    texts = {piece.first for piece in above if not piece.is_number}
    is_inside = all(0 < piece.first == piece.last and piece.first in texts for piece in pieces)
    return is_inside and len({piece.first for piece in above}) > len({piece.first for piece in pieces})


def _completes(pieces: Sequence[Piece]) -> bool:
    """Say whether a line has the values of a label that began on the line above."""
    label = [piece for piece in pieces if piece.first == 0]
    return bool(label) and label[0].text[0].islower()

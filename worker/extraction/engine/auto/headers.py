"""The header of a table: where it ends, and which of its texts span several columns."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from worker.extraction.engine.auto.columns import Strip, place_of
from worker.extraction.engine.auto.lines import Line, Phrase, Word
from worker.extraction.engine.auto.pieces import Piece, Row
from worker.extraction.engine.auto.rules import Rule

MAX_HEADER = 9  # Lines.
CLOSE = 1.4  # Times the height of a line: the most from one to the next of one text in a header.
ALIGNED = 0.6  # Of the characters' height.


def header_height(lines: Sequence[Line], pieces: Sequence[Sequence[Piece]], along: Sequence[Rule]) -> int:
    """Return which line is the first after the header: the one under the header's rule, or the first with numbers."""
    numeric = [_has_numbers(found) for found in pieces]
    under_rule = [
        at
        for at in range(1, len(lines) - 1)
        if any(lines[at - 1].middle < rule.at < lines[at].middle for rule in along)
    ]
    if under_rule and under_rule[0] <= MAX_HEADER and sum(numeric[: under_rule[0]]) < 0.5 * under_rule[0]:
        return under_rule[0]
    first = next((at for at, has_numbers in enumerate(numeric) if has_numbers), 0)
    while first > 0 and all(piece.last == 0 for piece in pieces[first - 1]):
        first -= 1
    return first if first <= MAX_HEADER else 0


def _has_numbers(pieces: Sequence[Piece]) -> bool:
    """Say whether most of a line beyond its first column is numbers, years excepted, which head columns."""
    others = [piece for piece in pieces if piece.first > 0]
    numbers = [piece for piece in others if piece.is_number and not re.fullmatch(r"(19|20)\d\d", piece.text)]
    return len(numbers) > 0 and len(numbers) >= 0.5 * len(others)


def header_of(
    lines: Sequence[Line],
    pieces: Sequence[Sequence[Piece]],
    strips: Sequence[Strip],
    *,
    rules: Sequence[Rule],
    below_header: Sequence[Sequence[Piece]],
) -> list[Row | list[str | None]]:
    """Return the header in one row, or in two where some texts span several columns."""
    spanning: list[Piece] = []
    single: list[Piece] = []
    singles = [piece for found in (*pieces, *below_header) for piece in found if piece.last == piece.first]
    for at, (line, found) in enumerate(zip(lines, pieces, strict=True)):
        underlined = [_as_underlined(piece, line, strips, rules) or piece for piece in found]
        whole = [piece for piece, before in zip(underlined, found, strict=True) if piece is not before]
        others = [piece for piece in underlined if piece not in whole]
        if _is_close(line, lines[at + 1] if at + 1 < len(lines) else lines[at - 1]):
            others = [*_taken_apart(others, line, strips, singles)]
        for widened in [*whole, *others]:
            (spanning if widened.last > widened.first else single).append(widened)
    if not spanning:
        return [Row(single)] if single else []
    covered = {column for piece in spanning for column in range(piece.first, piece.last + 1)}
    above = [piece for piece in single if piece.first not in covered]
    below = [piece for piece in single if piece.first in covered]
    if not below:
        return [Row(above + spanning)]
    return [Row(above + spanning), _under(Row(below), above, len(strips) + 1)]


def _is_close(line: Line, other: Line) -> bool:
    """Say whether two lines may be of one text."""
    return 0 < abs(other.middle - line.middle) <= CLOSE * line.height


def _taken_apart(
    pieces: Sequence[Piece], line: Line, strips: Sequence[Strip], singles: Sequence[Piece]
) -> Iterator[Piece]:
    """Yield the pieces, those that only seem to span columns cut into texts that each stand in line with others."""
    for piece in pieces:
        parts = _by_column(piece, line, strips) if piece.last > piece.first else [piece]
        is_apart = len(parts) > 1 and all(any(_in_line(part, other, line) for other in singles) for part in parts)
        yield from parts if is_apart else [piece]


def _by_column(piece: Piece, line: Line, strips: Sequence[Strip]) -> list[Piece]:
    """Cut a piece between the words of different columns; nothing if a word lies in two."""
    columns: dict[int, list[Word]] = {}
    for word in line.words:
        if piece.x0 <= word.x0 and word.x1 <= piece.x1:
            first, last = place_of(word.x0, word.x1, strips)
            if first != last:
                return []
            columns.setdefault(first, []).append(word)
    parts = [(column, Phrase(words)) for column, words in columns.items()]
    return [Piece(column, column, part.text, part.x0, part.x1) for column, part in parts]


def _in_line(part: Piece, other: Piece, line: Line) -> bool:
    """Say whether both begin, end or have their middle at the same place."""
    near = ALIGNED * line.height
    middles = abs(part.x0 + part.x1 - other.x0 - other.x1) / 2
    return part.first == other.first and min(abs(part.x0 - other.x0), abs(part.x1 - other.x1), middles) <= near


def _under(row: Row, above: Iterable[Piece], width: int) -> list[str | None]:
    """Return the cells of a header's second row; those above go on in it."""
    cells = row.cells(width)
    for piece in above:
        cells[piece.first] = cells[piece.first] or None
    return cells


def _as_underlined(piece: Piece, line: Line, strips: Sequence[Strip], rules: Sequence[Rule]) -> Piece | None:
    """Return a text as spanning the columns that a rule right below it runs along, if it stands over that."""
    for rule in rules:
        is_near = 0 <= rule.at - line.middle <= 1.2 * line.height
        if is_near and rule.start - 3 <= piece.x0 and piece.x1 <= rule.end + 3:
            first, last = place_of(rule.start, rule.end, strips)
            if 0 < first < last:
                return replace(piece, first=min(first, piece.first), last=max(last, piece.last))
    return None

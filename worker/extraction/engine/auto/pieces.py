"""Words of a line in the columns that they lie in, and the rows that such pieces are gathered in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from worker.extraction.engine.auto.columns import Strip, place_of
from worker.extraction.engine.auto.lines import Line, Phrase

LOOSE = 0.4  # Of the characters' height: more than a space, where it is in an empty strip.
DASHES = r"\-\u2013\u2014\u2212"
NUMBER = re.compile(
    rf"[(\[<>≤≥~+{DASHES}±$€£¥]*\s*\d[\d.,' ]*\s*[%)\]*†‡a-z]{{0,3}}|[{DASHES}.*†‡]+|n\.?/?a\.?|x", re.IGNORECASE
)
DIGIT = re.compile(r"\d")


@dataclass
class Piece:
    """Words of one line in one cell, and the columns that it lies in, both included."""

    first: int
    last: int
    text: str
    x0: float
    x1: float

    @property
    def is_number(self) -> bool:
        return NUMBER.fullmatch(self.text) is not None


@dataclass
class Row:
    """The pieces of one or several lines that are one row."""

    pieces: list[Piece] = field(default_factory=list)

    def cells(self, width: int) -> list[str | None]:
        """Return the text of each column, None where a cell on the left goes on."""
        cells: list[str | None] = [""] * width
        for piece in sorted(self.pieces, key=lambda piece: piece.last - piece.first, reverse=True):
            said = cells[piece.first]
            cells[piece.first] = f"{said}\n{piece.text}" if said else piece.text
        for piece in self.pieces:
            for column in range(piece.first + 1, piece.last + 1):
                cells[column] = cells[column] or None
        return cells


def pieces_of(line: Line, strips: Sequence[Strip], *, only_wide: bool = False) -> list[Piece]:
    """Cut the phrases of a line where they leave a strip free, or only where that is wider than a space."""
    pieces = []
    for phrase in line.phrases:
        for part in _cut(phrase, strips, only_wide=only_wide):
            first, last = place_of(part.x0, part.x1, strips)
            pieces.append(Piece(first, last, part.text, part.x0, part.x1))
    return pieces


def _cut(phrase: Phrase, strips: Sequence[Strip], *, only_wide: bool) -> list[Phrase]:
    parts = [[phrase.words[0]]]
    for word, following in pairwise(phrase.words):
        is_wide = following.x0 - word.x1 >= LOOSE * (word.bottom - word.top)
        free = ((min(following.x0, strip[1]) - max(word.x1, strip[0]), strip[1] - strip[0]) for strip in strips)
        if any(gap > 0 and (is_wide or (gap >= 0.5 * width and not only_wide)) for gap, width in free):
            parts.append([])
        parts[-1].append(following)
    return [Phrase(words) for words in parts]


def clash(lines: Sequence[Sequence[Piece]]) -> bool:
    """Say whether two lines have numbers in the same column: then they are two rows."""
    numbers = [{piece.first for piece in pieces if piece.is_number and DIGIT.search(piece.text)} for pieces in lines]
    return any(one & other for at, one in enumerate(numbers) for other in numbers[at + 1 :])

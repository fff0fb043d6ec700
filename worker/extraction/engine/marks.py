"""What drawing a page leaves behind: characters in columns, edges, and the boxes of pictures.

Positions are pdfplumber's: PDF points from the page's top left corner. A blank character's text is None, because only
that it is blank matters; ligatures are spelled out already, as pdfplumber does when it makes words.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

Edge = tuple[float, float, float, float, float]  # x0, top, x1, bottom, and the length that counts.
Box = tuple[float, float, float, float]  # x0, top, x1, bottom.


class Style(NamedTuple):
    """A font's name and size, and how far below the baseline the box of its characters ends; both in points."""

    font: str
    size: float
    depth: float


@dataclass(slots=True)
class Run:
    """Characters one after another on one line: all have the same top and bottom.

    `styles` has each style and the number of the first character in it; reading words and tables needs none.
    """

    upright: bool
    top: float
    bottom: float
    x0s: list[float] = field(default_factory=list)
    x1s: list[float] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    styles: list[tuple[int, Style]] = field(default_factory=list)


@dataclass(slots=True)
class Scatter:
    """Characters each with a top and bottom of its own: rotated, skewed or vertical text.

    `turn` says in how many quarter turns counterclockwise from rightwards they follow one another, and `lean` by how
    many points skew widens their boxes.
    """

    upright: bool
    tops: list[float] = field(default_factory=list)
    bottoms: list[float] = field(default_factory=list)
    x0s: list[float] = field(default_factory=list)
    x1s: list[float] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    style: Style | None = None
    turn: int = 0
    lean: float = 0.0

    def runs(self) -> list[Run]:
        """Return each character as a run of its own."""
        columns = zip(self.tops, self.bottoms, self.x0s, self.x1s, self.texts, strict=True)
        return [Run(self.upright, top, bottom, [x0], [x1], [text]) for top, bottom, x0, x1, text in columns]


@dataclass(slots=True)
class Edges:
    """The straight edges of one kind of shape, at least a point long (pdfplumber's `edge_min_length_prefilter`)."""

    vertical: list[Edge] = field(default_factory=list)
    horizontal: list[Edge] = field(default_factory=list)


@dataclass(slots=True)
class Marks:
    """Everything on one page, in the order of its content stream within each list."""

    chars: list[Run | Scatter] = field(default_factory=list)
    lines: Edges = field(default_factory=Edges)
    rects: Edges = field(default_factory=Edges)
    curves: Edges = field(default_factory=Edges)
    pictures: list[Box] = field(default_factory=list)

    def visible(self) -> list[str]:
        """Return the texts of all characters that are not blank."""
        return [text for piece in self.chars for text in piece.texts if text]

    def runs(self) -> list[Run]:
        """Return all characters as runs."""
        runs: list[Run] = []
        for piece in self.chars:
            if isinstance(piece, Run):
                runs.append(piece)
            else:
                runs += piece.runs()
        return runs


def turn_of(direction: tuple[float, float]) -> int:
    """Return the quarter turns, counterclockwise, that are nearest to a direction (x to the right, y upwards)."""
    x, y = direction
    if abs(x) >= abs(y):
        return 0 if x >= 0 else 2
    return 1 if y > 0 else 3

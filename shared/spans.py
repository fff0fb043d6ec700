"""A page's spans: its text in pieces of one style on one line, from which the forms of its text are made.

They are stored beside the words, because words have neither fonts nor the order in which a page was drawn, and lose
what pdfplumber's tolerance of three points glues together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from shared.span_units import FAR, SCALE

MAX_NAME = 200
Whole = Annotated[int, Field(ge=-FAR, le=FAR)]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Font:
    """A font as the page has it: its name, its size in points, and the depth of its boxes below the baseline."""

    name: str
    size: float
    depth: float


@dataclass(frozen=True, slots=True)
class Span:
    """Text of one font on one line without a wide gap; visual order from left to right.

    Positions are PDF points from the page's top left corner. `turn` counts quarter turns counterclockwise.
    """

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    font: Font
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Spans:
    """The spans of a page in the order it was drawn; `corner` is the left and top of the page's box."""

    spans: Sequence[Span]
    corner: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Stored:
    """Spans as they are stored: a font is its number, and a row of `places` is x0, top, x1, bottom, font and turn."""

    corner: tuple[Whole, Whole]
    fonts: list[tuple[Annotated[str, Field(max_length=MAX_NAME)], Annotated[int, Field(ge=0, le=FAR)], Whole]]
    texts: list[str]
    places: list[tuple[Whole, Whole, Whole, Whole, Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0, le=3)]]]


STORED = TypeAdapter(Stored)


def stored_in(document: bytes) -> Stored:
    """Return what is stored, checked; raises ValueError for anything else."""
    try:
        stored = STORED.validate_json(document)
    except ValidationError as error:
        raise ValueError("These are no spans.") from error
    if len(stored.texts) != len(stored.places) or any(place[4] >= len(stored.fonts) for place in stored.places):
        raise ValueError("The spans do not fit their texts or fonts.")
    return stored


def texts_in(document: bytes) -> list[str]:
    """Return the texts of what `Stored` is as JSON, which was checked when it came."""
    texts: list[str] = from_json(document)["texts"]
    return texts


def decode(document: bytes) -> Spans:
    """Return the spans of what `Stored` is as JSON; raises ValueError for anything else."""
    stored = stored_in(document)
    fonts = [Font(name, size / SCALE, depth / SCALE) for name, size, depth in stored.fonts]
    placed = zip(stored.texts, stored.places, strict=True)
    return Spans(
        [
            Span(text, x0 / SCALE, top / SCALE, x1 / SCALE, bottom / SCALE, fonts[font], turn)
            for text, (x0, top, x1, bottom, font, turn) in placed
        ],
        (stored.corner[0] / SCALE, stored.corner[1] / SCALE),
    )

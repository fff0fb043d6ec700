"""What reading a page gives, whoever read it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.page_content import TextLayer
from worker.extraction.engine.marks import Box
from worker.extraction.engine.spans import Piece

UNREADABLE = ("(cid:", "\ufffd")
UNREADABLE_SHARE = 0.1
FEW_CHARS = 100
PICTURE_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class PageContent:
    """A page's text, words and tables as pdfplumber gives them; sizes in PDF points, rotation in degrees clockwise.

    `words` are `{text, x0, top, x1, bottom}`, `tables` are `{bbox, rows}`, `spans` are Sheaf's own. `corner` is where
    in the space of all of them the top left corner of the page's picture lies. `plain_because` says why pdfplumber
    itself read the page; it is None when the engine did.
    """

    width: float
    height: float
    rotation: int
    text: str
    words: Sequence[dict[str, Any]]
    tables: Sequence[dict[str, Any]]
    text_layer: TextLayer
    spans: Sequence[Piece]
    corner: tuple[float, float]
    plain_because: str | None = None


def text_layer_of(visible: Sequence[str], pictures: Sequence[Box], page: Box) -> TextLayer:
    """Say how much of what is seen is text; `visible` are the texts of all characters that are not blank.

    `none`: no visible character. `partial`: more than a tenth of the visible characters have no Unicode value, or
    pictures cover half of the page or more and there are fewer than a hundred characters. Otherwise `full`.
    """
    if not visible:
        return "none"
    unreadable = sum(count for text, count in Counter(visible).items() if text.startswith(UNREADABLE))
    if unreadable > UNREADABLE_SHARE * len(visible):
        return "partial"
    return "partial" if len(visible) < FEW_CHARS and _share(pictures, page) >= PICTURE_SHARE else "full"


def _share(pictures: Sequence[Box], page: Box) -> float:
    """Return how much of the page its pictures cover; overlapping ones count twice."""
    left, top, right, bottom = page
    covered = sum(
        max(0, min(x1, right) - max(x0, left)) * max(0, min(y1, bottom) - max(y0, top)) for x0, y0, x1, y1 in pictures
    )
    return float(covered / ((right - left) * (bottom - top) or 1))

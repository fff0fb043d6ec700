"""The words of a page as its spans part them: pdfplumber's words are often several, glued by its tolerance of 3 points.

Spans say where a line begins and ends, and nothing about the words in it: those are placed by the usual widths of
letters, which is right within a letter or two.
"""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from shared.spans import Span, Spans

WORD = re.compile(r"\S+")
# Widths in parts of the size of the type, after the common sans and serif faces; what is not listed is 0.5.
WIDTHS = {
    **dict.fromkeys("ijl.,;:'|!", 0.26),
    **dict.fromkeys(" ftrI()[]-/", 0.32),
    **dict.fromkeys("ckszvxyJ?", 0.46),
    **dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ&", 0.68),
    **dict.fromkeys("mwMW%@\u2014\u2026", 0.86),
}
USUAL = 0.5
Word = dict[str, Any]


def words_of(spans: Spans) -> list[Word]:
    """Return the words in the order in which they were drawn, each like one of pdfplumber's."""
    return [word for span in spans.spans for word in _words(span)]


def _words(span: Span) -> Iterator[Word]:
    ends = list(accumulate((WIDTHS.get(char, USUAL) for char in span.text), initial=0.0))
    for match in WORD.finditer(span.text):
        yield {"text": match.group(), **_slice(span, ends[match.start()] / ends[-1], ends[match.end()] / ends[-1])}


def _slice(span: Span, start: float, end: float) -> dict[str, float]:
    """Return the box of what lies between two fractions of a span's length, in the direction it is read in."""
    width, height = span.x1 - span.x0, span.bottom - span.top
    x0, top, x1, bottom = span.x0, span.top, span.x1, span.bottom
    match span.turn:
        case 0:
            x0, x1 = span.x0 + start * width, span.x0 + end * width
        case 1:
            top, bottom = span.bottom - end * height, span.bottom - start * height
        case 2:
            x0, x1 = span.x1 - end * width, span.x1 - start * width
        case _:
            top, bottom = span.top + start * height, span.top + end * height
    return {"x0": x0, "top": top, "x1": x1, "bottom": bottom}

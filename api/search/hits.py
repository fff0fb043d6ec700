"""Where on a page something stands: the words around it for reading, and the boxes of the words themselves."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from api.search.query import Needle
from shared.terms import WIDE, Place, places

SNIPPET_CHARS = 240
LEAD_CHARS = 60
ALL_WIDE = re.compile(rf"[{WIDE}\u3000-\u303f\uff01-\uff60]+")
ELLIPSIS = "\u2026"
HYPHENS = ("-", "\u2010")
Word = dict[str, Any]
Box = tuple[float, float, float, float]
Part = tuple[str, bool]


class Hits:
    """The hits on one page; `spans` are slices of its text, in order and apart from each other."""

    def __init__(self, words: Sequence[Word], needles: Sequence[Needle]) -> None:
        """Look for the needles in a page's words as they are stored, in reading order.

        A sandbox said what they are, and nobody has looked into them since: what is no word is passed over.
        """
        self._words = [word for word in words if type(word) is dict and type(word.get("text")) is str]
        texts = _texts(self._words)
        self._starts = list(accumulate(map(len, texts), initial=0))
        self._text = "".join(texts)
        self._found = places(self._text)
        self.spans = _spans(self._found, needles)

    def has_all(self, needles: Sequence[Needle]) -> bool:
        return all(needle.spans(self._found) for needle in needles)

    def boxes(self, corner: tuple[float, float]) -> list[Box]:
        """Return the boxes of all words that a hit touches, in reading order, from the corner of the page's picture."""
        left, top = corner
        boxes = (self._box_in(number, start, end) for start, end in self.spans for number in self._touched(start, end))
        found = dict.fromkeys(box for box in boxes if box)
        return [(x0 - left, y0 - top, x1 - left, y1 - top) for x0, y0, x1, y1 in found]

    def _touched(self, start: int, end: int) -> range:
        first, last = (bisect_right(self._starts, offset) - 1 for offset in (start, end - 1))
        return range(first, last + 1)

    def _box_in(self, number: int, start: int, end: int) -> Box | None:
        """Return the box of a word, or of the hit in it where a line without spaces is one word."""
        word, offset = self._words[number], self._starts[number]
        return _narrowed(_box(word), word["text"], max(0, start - offset), end - offset)

    def snippet(self) -> list[Part]:
        """Return the richest stretch of the text in parts, each with whether it is a hit."""
        start, end = self._stretch()
        parts: list[Part] = [(ELLIPSIS, False)] if start else []
        at = start
        for hit_start, hit_end in self.spans:
            if start <= hit_start and hit_end <= end:
                parts += [(self._text[at:hit_start], False), (self._text[hit_start:hit_end], True)]
                at = hit_end
        parts.append((self._text[at:end].rstrip(), False))
        if end < len(self._text.rstrip()):
            parts.append((ELLIPSIS, False))
        return _tidy(parts)

    def _stretch(self) -> tuple[int, int]:
        """Return the slice that begins shortly before the hit with the most hits after it, cut between words."""
        starts = [start for start, _ in self.spans]
        counts = [bisect_right(starts, start + SNIPPET_CHARS - LEAD_CHARS) - n for n, start in enumerate(starts)]
        best = self.spans[counts.index(max(counts))] if counts else (0, 0)
        start = self._word_start(max(0, best[0] - LEAD_CHARS), not_after=best[0])
        end = min(len(self._text), max(start + SNIPPET_CHARS, best[1]))
        return start, max(self._word_end(end), best[1])

    def _word_start(self, offset: int, *, not_after: int) -> int:
        """Return where the next word begins, or the offset itself inside a word that is longer than the lead."""
        start = self._starts[min(bisect_right(self._starts, offset - 1), len(self._starts) - 1)]
        return start if start <= not_after else offset

    def _word_end(self, offset: int) -> int:
        """Return where the last whole word before the offset ends, or the offset inside a very long word."""
        end = self._starts[bisect_right(self._starts, offset) - 1]
        return end if offset - end < LEAD_CHARS else offset


def _texts(words: Sequence[Word]) -> list[str]:
    """Return each word's text with the gap after it, which ends a line only where it divides a word."""
    texts = [f"{word['text']} " for word in words]
    for number, text in enumerate(texts[:-1]):
        if text[-2:-1] in HYPHENS and _is_below(words[number + 1], words[number]):
            texts[number] = text[:-1] + "\n"
    return texts


def _is_below(word: Word, other: Word) -> bool:
    box, other_box = _box(word), _box(other)
    return box is not None and other_box is not None and box[1] >= other_box[3]


def _box(word: Word) -> Box | None:
    """Return a word's box in PDF points, None where it has none."""
    match word:
        case {"x0": int() | float() as x0, "top": int() | float() as top, "x1": int() | float() as x1, **rest}:
            bottom = rest.get("bottom")
            return (x0, top, x1, bottom) if isinstance(bottom, int | float) else None
    return None


def _narrowed(box: Box | None, text: str, start: int, end: int) -> Box | None:
    """Return the box of a slice of a word whose characters are all equally wide and stand beside each other."""
    if box is None or not ALL_WIDE.fullmatch(text) or box[2] - box[0] <= box[3] - box[1]:
        return box
    x0, top, x1, bottom = box
    step = (x1 - x0) / len(text)
    return x0 + start * step, top, x0 + min(end, len(text)) * step, bottom


def _spans(found: list[Place], needles: Sequence[Needle]) -> list[tuple[int, int]]:
    """Return where any of the needles stand, joined where they overlap."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(span for needle in needles for span in needle.spans(found)):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _tidy(parts: Iterable[Part]) -> list[Part]:
    """Return the parts on one line, neighbours that are no hits joined and empty ones left out."""
    tidied: list[Part] = []
    for text, is_hit in parts:
        flat = text.replace("\n", " ")
        if tidied and not is_hit and not tidied[-1][1]:
            tidied[-1] = (tidied[-1][0] + flat, False)
        elif flat:
            tidied.append((flat, is_hit))
    return tidied

"""Which parts of the lines are running text, which is in no table however it is arranged.

A paragraph is a stack of pieces that begin at nearly the same place, have several words each, and fill their width but
for the last. On a page of several columns a line has a piece of a paragraph in each.
"""

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from statistics import median
from typing import NamedTuple

from worker.extraction.engine.auto.lines import PHRASE_GAP, Line, Phrase, phrases_of, typical_height

GAP = 1.1  # Of the characters' height: what justified text may have between two words, and a gutter hardly has.
GUTTER = 0.5  # Likewise: the least between two columns of text.
MANY = 10  # Lines on which a word begins at one place, for a column of text to begin there.
INDENT = 3.5  # Likewise: how far a paragraph's first line may be indented or outdented.
PITCH = 2.2  # Likewise: from one line to the next.
MAX_SPACE = 0.5  # Likewise: what most spaces of a line stay below.
MIN_WIDTH = 13  # Likewise.
NARROW = 10  # Likewise, for paragraphs of many lines.
LONG_STACK = 5  # Lines.
MIN_WORDS = 4
NUMBER = re.compile(r"[(<>≤≥~+±$€£¥\u2013\u2212-]*\d([\d.,' ]*\d)?[%)*†‡]*")
FULL, RAGGED = 0.85, 0.7  # Of the paragraph's width; the second for one of many lines.
LABELED = 0.7
WIDER = 1.3  # Times the widest line of a paragraph: what is wider is another paragraph.
LETTER = re.compile(r"[^\W\d_]")


class Remains(NamedTuple):
    """Lines with only what is in no paragraph, and where the page's columns of text are parted."""

    lines: list[Line]
    gutters: list[float]


def without_prose(lines: Sequence[Line]) -> Remains:
    """Return what is left of the lines without paragraphs."""
    height = typical_height(lines)
    starts = _starts(lines, height)
    pieces = [_pieces(line, starts, height) for line in lines]
    prose: set[tuple[int, int]] = set()
    for stack in _stacks(lines, pieces, height):
        is_paragraph = _is_paragraph([pieces[at][which] for at, which in stack], height)
        if is_paragraph and not _are_labels(pieces, stack):
            prose.update(stack)
    kept = []
    for at, line in enumerate(lines):
        words = [word for which, piece in enumerate(pieces[at]) if (at, which) not in prose for word in piece.words]
        if words:
            kept.append(Line(line.top, line.bottom, phrases_of(words, PHRASE_GAP * height)))
    return Remains(kept, _gutters([pieces[at][which] for at, which in prose], height))


def _gutters(prose: Sequence[Phrase], height: float) -> list[float]:
    """Return the middles between columns of text, of which each has many lines."""
    columns: list[list[Phrase]] = []
    for piece in sorted(prose, key=attrgetter("x0")):
        if columns and piece.x0 - columns[-1][0].x0 <= INDENT * height:
            columns[-1].append(piece)
        else:
            columns.append([piece])
    columns = [column for column in columns if len(column) >= MANY]
    sides = [(median(piece.x1 for piece in left), right[0].x0) for left, right in pairwise(columns)]
    return [(end + start) / 2 for end, start in sides if start - end > 0]


def _starts(lines: Sequence[Line], height: float) -> set[int]:
    """Return where, in whole points, words after a gap begin on many lines: the left edges of columns of text."""
    counts: Counter[int] = Counter()
    for line in lines:
        counts.update(round(word.x0) for last, word in pairwise(line.words) if word.x0 - last.x1 >= GUTTER * height)
    return {x for x in counts if counts[x - 1] + counts[x] + counts[x + 1] >= MANY}


def _pieces(line: Line, starts: Container[int], height: float) -> list[Phrase]:
    """Cut a line at wide gaps, and at narrower ones where a column of text begins."""
    pieces = []
    for phrase in phrases_of(line.words, GAP * height):
        parts = [[phrase.words[0]]]
        for last, word in pairwise(phrase.words):
            if round(word.x0) in starts and word.x0 - last.x1 >= GUTTER * height:
                parts.append([])
            parts[-1].append(word)
        pieces += [Phrase(words) for words in parts]
    return pieces


def is_sentence(phrase: Phrase, height: float) -> bool:
    """Say whether a phrase is long and wordy enough to be a line of running text."""
    gaps = [word.x0 - last.x1 for last, word in pairwise(phrase.words)]
    if gaps and median(gaps) > MAX_SPACE * height:
        return False
    wordy = sum(1 for word in phrase.words if LETTER.search(word.text))
    return phrase.x1 - phrase.x0 >= NARROW * height and wordy >= max(MIN_WORDS, 0.7 * len(phrase.words))


def _stacks(
    lines: Sequence[Line], pieces: Sequence[Sequence[Phrase]], height: float
) -> Iterator[list[tuple[int, int]]]:
    """Yield pieces, by line and number, of which each stands below the one before and begins where it does."""
    taken: set[tuple[int, int]] = set()
    for at in range(len(lines)):
        for which, piece in enumerate(pieces[at]):
            if (at, which) in taken or not is_sentence(piece, height):
                continue
            stack = [(at, which)]
            last, last_at, widest = piece, at, piece.x1 - piece.x0
            for below in range(at + 1, min(len(lines), at + 400)):
                if lines[below].top - lines[last_at].top > PITCH * height:
                    break
                found = _continuing(last, pieces[below], height, is_first=len(stack) == 1)
                if found is None:
                    continue
                if len(stack) > 2 and pieces[below][found].x1 - piece.x0 > WIDER * widest:
                    break
                widest = max(widest, pieces[below][found].x1 - piece.x0)
                stack.append((below, found))
                last, last_at = pieces[below][found], below
                if not is_sentence(last, height):
                    break
            taken.update(stack)
            yield stack


def _continuing(last: Phrase, pieces: Sequence[Phrase], height: float, *, is_first: bool) -> int | None:
    indent = INDENT if is_first else 1.0
    for which, piece in enumerate(pieces):
        if abs(piece.x0 - last.x0) <= indent * height and piece.x1 > last.x0:
            return which
    return None


def _are_labels(pieces: Sequence[Sequence[Phrase]], stack: Sequence[tuple[int, int]]) -> bool:
    """Say whether on nearly all lines a number stands right of the piece: then it is the label of a row."""
    labels = sum(1 for at, which in stack if any(NUMBER.fullmatch(piece.text) for piece in pieces[at][which + 1 :]))
    return labels >= LABELED * len(stack)


def _is_paragraph(stack: Sequence[Phrase], height: float) -> bool:
    if len(stack) < 2:
        return False
    right = max(piece.x1 for piece in stack)
    left = min(piece.x0 for piece in stack)
    share = RAGGED if len(stack) >= LONG_STACK else FULL
    full = sum(1 for piece in stack[:-1] if piece.x1 - left >= share * (right - left))
    if right - left < MIN_WIDTH * height and len(stack) < LONG_STACK:
        return False
    if len(stack) == 2:
        return full == 1 and right - left >= 2 * MIN_WIDTH * height
    return full >= 0.7 * (len(stack) - 1)

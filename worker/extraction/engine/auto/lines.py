"""The upright words of a page by lines, and the phrases that they form: words no farther apart than in a sentence."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from statistics import median
from typing import NamedTuple

from worker.extraction.engine.marks import Box, Marks, Run

WORD_GAP = 0.17  # Of the characters' height: where there is more between two, a word ends.
TOUCHING = 0.12  # Likewise: parts no farther apart than that, or overlapping by less, are one word.
NUMBERS_GAP = 0.6  # Of the gap between phrases: two numbers are no sentence, so less parts them.
PLAIN_NUMBER = re.compile(r"[$(+-]*\d[\d.,]*[%)*]*")
THOUSAND = 3  # Digits.
PHRASE_GAP = 0.6  # Likewise for phrases; a space is about a quarter, in justified text up to twice that.
SAME_LINE = 0.5  # How much of the lower of two pieces of text overlaps with the other if they are on one line.
OVERPRINT = 0.1  # Bold type may be one character drawn twice, so much of its height apart.


class Word(NamedTuple):
    """A word and its box in PDF points."""

    x0: float
    top: float
    x1: float
    bottom: float
    text: str

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def level(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass
class Phrase:
    """Words on one line that belong together, from left to right."""

    words: list[Word]
    x0: float = field(init=False)
    x1: float = field(init=False)

    def __post_init__(self) -> None:
        """Words overlap sometimes, so the last need not end last."""
        self.x0 = self.words[0].x0
        self.x1 = max(word.x1 for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass
class Line:
    """The phrases on one line, from left to right."""

    top: float
    bottom: float
    phrases: list[Phrase]

    @property
    def x0(self) -> float:
        return self.phrases[0].x0

    @property
    def x1(self) -> float:
        return max(phrase.x1 for phrase in self.phrases)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def words(self) -> list[Word]:
        return [word for phrase in self.phrases for word in phrase.words]

    @property
    def text(self) -> str:
        return " ".join(phrase.text for phrase in self.phrases)


def lines_of(marks: Marks) -> list[Line]:
    """Return the lines of a page from the top down."""
    return lines_from([word for run in marks.runs() if run.upright for word in _words(run)])


def lines_from(words: Iterable[Word]) -> list[Line]:
    """Return the lines that words form, from the top down."""
    return [line for group in _by_line(words) if (line := _line(group))]


def typical_height(lines: Sequence[Line]) -> float:
    """Return the median height of the words, in points."""
    return median([word.bottom - word.top for line in lines for word in line.words] or [10.0])


def box_of(words: Sequence[Word]) -> Box:
    """Return the box around all words."""
    x0s, tops, x1s, bottoms, _ = zip(*words, strict=True)
    return min(x0s), min(tops), max(x1s), max(bottoms)


def phrases_of(words: Sequence[Word], gap: float) -> list[Phrase]:
    """Cut words, sorted from left to right, into phrases where they are more than `gap` points apart."""
    groups: list[list[Word]] = []
    end = 0.0
    for word in words:
        if groups and word.x0 <= end + (NUMBERS_GAP * gap if _are_numbers(groups[-1][-1], word) else gap):
            groups[-1].append(word)
            end = max(end, word.x1)
        else:
            groups.append([word])
            end = word.x1
    return [Phrase(group) for group in groups]


def _are_numbers(last: Word, word: Word) -> bool:
    """Say whether both are numbers, but not a large one whose thousands are set apart."""
    if not (PLAIN_NUMBER.fullmatch(last.text) and PLAIN_NUMBER.fullmatch(word.text)):
        return False
    return not (word.text[:3].isdecimal() and len(word.text.rstrip("%*.")) == THOUSAND and last.text[-1].isdecimal())


def _by_line(words: Iterable[Word]) -> list[list[Word]]:
    """Put words on one line that overlap in height; a superscript overlaps with its line."""
    groups: list[list[Word]] = []
    extents: list[tuple[float, float]] = []
    for word in sorted(words, key=lambda word: word.level):
        for at in range(len(groups) - 1, max(-1, len(groups) - 4), -1):
            top, bottom = extents[at]
            shared = min(bottom, word.bottom) - max(top, word.top)
            if shared >= SAME_LINE * min(bottom - top, word.bottom - word.top) and shared > 0:
                groups[at].append(word)
                if word.bottom - word.top > bottom - top:
                    extents[at] = word.top, word.bottom
                break
        else:
            groups.append([word])
            extents.append((word.top, word.bottom))
    return groups


def _line(words: Sequence[Word]) -> Line | None:
    words = _joined(_without_overprints(sorted(words, key=attrgetter("x0"))))
    height = median(word.bottom - word.top for word in words)
    return Line(
        min(word.top for word in words), max(word.bottom for word in words), phrases_of(words, PHRASE_GAP * height)
    )


def _joined(words: Sequence[Word]) -> list[Word]:
    """Join parts of words that were shown one by one."""
    joined: list[Word] = []
    for word in words:
        last = joined[-1] if joined else None
        if last and -TOUCHING < (word.x0 - last.x1) / (word.bottom - word.top) <= TOUCHING:
            top, bottom = min(last.top, word.top), max(last.bottom, word.bottom)
            joined[-1] = Word(last.x0, top, max(last.x1, word.x1), bottom, last.text + word.text)
        else:
            joined.append(word)
    return joined


def _without_overprints(words: Sequence[Word]) -> list[Word]:
    kept: list[Word] = []
    for word in words:
        near = OVERPRINT * (word.bottom - word.top)
        if not any(other.text == word.text and abs(other.x0 - word.x0) <= near for other in kept[-3:]):
            kept.append(word)
    return kept


def _words(run: Run) -> list[Word]:
    """Cut a run at blanks and gaps, wherever its characters jump."""
    height = run.bottom - run.top
    gap = WORD_GAP * height
    words: list[Word] = []
    letters: list[str] = []
    left = right = 0.0
    for text, x0, x1 in zip(run.texts, run.x0s, run.x1s, strict=True):
        if letters and (not text or x0 > right + gap or x0 < left):
            words.append(Word(left, run.top, right, run.bottom, "".join(letters)))
            letters = []
        if text and letters:
            letters.append(text)
            right = max(right, x1)
        elif text:
            letters, left, right = [text], x0, x1
    if letters:
        words.append(Word(left, run.top, right, run.bottom, "".join(letters)))
    return [word for word in words if word.bottom > word.top]

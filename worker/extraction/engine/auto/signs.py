"""What is written in tables and above them that is no text of a cell: leaders, signs of lists, captions."""

import re
from collections.abc import Sequence
from itertools import pairwise

from worker.extraction.engine.auto.lines import Line, Phrase, Word

BULLET = re.compile(r"[•●▪■□◦‣·*†‡§\u2013\u2014-]+|\(?[0-9]{1,2}[.)]|\(?[a-zA-Z][.)]|\([0-9a-zA-Z*†‡]{1,4}\)")
CAPTION = re.compile(
    r"(table|tab\.|figure|fig\.|chart|exhibit|tabelle|tableau|tabla)\s+[\divxa-z]{1,5}\b", re.IGNORECASE
)
LETTERS = re.compile(r"[^\W\d_]{2,}[.,:;)]*")
MAX_STRETCH = 2.5  # Times a line's height: the widest gap between two words of a justified caption.
LEADER = re.compile(r"[.…·_]+")
MIN_DOTS = 2
NOTHING_SAID = {".", "..", "...", "…"}


def without_captions(lines: Sequence[Line], height: float) -> list[Line]:
    """Leave out captions of tables, with the lines of text right below that go on with them."""
    kept: list[Line] = []
    last: Line | None = None
    for line in lines:
        goes_on = last is not None and line.top - last.bottom < 0.5 * height and _is_wordy(line)
        if CAPTION.match(line.text) or goes_on:
            last = line
        else:
            kept.append(line)
            last = None
    return kept


def _is_wordy(line: Line) -> bool:
    """Say whether a line is text, though its words may be far apart."""
    letters = sum(1 for word in line.words if LETTERS.fullmatch(word.text))
    gaps = [right.x0 - left.x1 for left, right in pairwise(line.words)]
    return len(gaps) >= 2 and letters >= 0.5 * len(line.words) and max(gaps) <= MAX_STRETCH * line.height


def without_signs(line: Line, height: float) -> Line | None:
    """Take dot leaders out, and join bullets and numbers of lists and notes with what follows them."""
    phrases = [found for phrase in line.phrases for found in _without_leaders(phrase)]
    if len(phrases) > 1 and BULLET.fullmatch(phrases[0].text) and phrases[1].x0 - phrases[0].x1 < 3 * height:
        phrases[:2] = [Phrase([*phrases[0].words, *phrases[1].words])]
    return Line(line.top, line.bottom, phrases) if phrases else None


def _without_leaders(phrase: Phrase) -> list[Phrase]:
    """Return what is left of a phrase beside rows of dots; a few dots alone are what a cell says."""
    if len(phrase.words) == 1 and phrase.text in NOTHING_SAID:
        return [phrase]
    parts: list[list[Word]] = [[]]
    dots = 0
    for word in phrase.words:
        if LEADER.fullmatch(word.text):
            dots += len(word.text)
            parts.append([])
            continue
        bare = word.text.rstrip(".…·_ ")
        if len(word.text) - len(bare) >= 3 and bare:
            share = len(bare) / len(word.text)
            parts[-1].append(word._replace(text=bare, x1=word.x0 + share * (word.x1 - word.x0)))
            parts.append([])
            dots += len(word.text) - len(bare)
        else:
            parts[-1].append(word)
    if dots < MIN_DOTS:
        return [phrase]
    return [Phrase(words) for words in parts if words]

"""From the order in which letters stand on a page to the order in which they are read, for right-to-left scripts.

This undoes the reordering of the Unicode Bidirectional Algorithm (UAX 9, rule L2) at its two usual levels: runs of
left-to-right text and numbers within right-to-left text, and the other way round.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
MIRRORED: Final = str.maketrans("()[]{}<>«»", ")(][}{><»«")
NEUTRAL = "neutral"
TO_THE_LEFT, TO_THE_RIGHT, NUMBER = "R", "L", "N"
CLASSES: Final = {"R": TO_THE_LEFT, "AL": TO_THE_LEFT, "L": TO_THE_RIGHT, "EN": NUMBER, "AN": NUMBER}
WITHIN_NUMBERS = frozenset({"ES", "ET", "CS"})


def has_right_to_left(text: str) -> bool:
    return RIGHT_TO_LEFT.search(text) is not None


def is_right_to_left(text: str) -> bool:
    """Say whether most letters are of a right-to-left script."""
    return 2 * len(RIGHT_TO_LEFT.findall(text)) > sum(char.isalpha() for char in text)


def logical(visual: str) -> str:
    """Return a line, given as it stands from left to right, in the order of reading."""
    if not has_right_to_left(visual):
        return visual
    base = TO_THE_LEFT if is_right_to_left(visual) else TO_THE_RIGHT
    pieces = [_turned(piece) if kind == TO_THE_LEFT else piece for kind, piece in _runs(visual, base)]
    return "".join(pieces if base == TO_THE_RIGHT else reversed(pieces))


def _runs(text: str, base: str) -> Iterator[tuple[str, str]]:
    """Cut the text where its direction changes; what has none goes with its neighbours if they agree."""
    kinds = _kinds(text, base)
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or kinds[at] != kinds[start]:
            yield kinds[start], text[start:at]
            start = at


def _kinds(text: str, base: str) -> list[str]:
    kinds = [_kind(char) for char in text]
    for at in range(1, len(text) - 1):
        if unicodedata.bidirectional(text[at]) in WITHIN_NUMBERS and kinds[at - 1] == kinds[at + 1] == NUMBER:
            kinds[at] = NUMBER
    kinds = [TO_THE_RIGHT if kind == NUMBER else kind for kind in kinds]
    at = 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] == NEUTRAL:
            end += 1
        if end > at:
            before, after = kinds[at - 1] if at else base, kinds[end] if end < len(kinds) else base
            kinds[at:end] = [before if before == after else base] * (end - at)
        at = end + 1
    return kinds


def _kind(char: str) -> str:
    return CLASSES.get(unicodedata.bidirectional(char), NEUTRAL)


def _turned(piece: str) -> str:
    """Reverse a piece by letters with the marks on them, and mirror brackets."""
    letters: list[str] = []
    for char in piece:
        if unicodedata.combining(char) and letters:
            letters[-1] += char
        else:
            letters.append(char)
    return "".join(reversed(letters)).translate(MIRRORED)

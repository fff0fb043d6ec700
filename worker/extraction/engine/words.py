"""Words and lines of text, as pdfplumber's defaults make them of characters (utils/text.py).

pdfplumber goes through the characters in the order of the content stream, splits them where they turn between upright
and rotated, clusters each part into lines by their tops (by their left edges when rotated), sorts each line, and cuts
it into words at blanks and at gaps of more than three points.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import dropwhile, groupby
from operator import attrgetter, itemgetter, not_
from typing import Any

from worker.extraction.engine.marks import Run, Scatter

TOLERANCE = 3  # pdfplumber's DEFAULT_X_TOLERANCE and DEFAULT_Y_TOLERANCE.
# text, x0, top, x1, bottom, upright, and the top of its first character, which its doctop follows.
Word = tuple[str, float, float, float, float, bool, float]
Char = tuple[float, float, float, float, str | None]  # x0, top, x1, bottom, text.


def words_of(pieces: Sequence[Run | Scatter]) -> list[Word]:
    """Return the words in pdfplumber's order.

    A character with an empty text is a word of its own: pdfplumber looks whether its text is in "", the punctuation at
    which words are split by default, and it is.
    """
    words: list[Word] = []
    for upright, group in groupby(pieces, attrgetter("upright")):
        if upright:
            for line in _lines(list(_runs(group))):
                words += _cut_line(line)
        else:
            for chars in _rotated_lines(group):
                words += _cut(chars, _parted_down, upright=False)
    return words


def text_of(words: Iterable[Word]) -> str:
    """Return `Page.extract_text()`: words keep their order, and a line ends where the cluster of tops changes.

    A blank goes before each word but the first that has a text.
    """
    words = list(words)
    line_of = clusters(word[2] for word in words)
    lines = groupby(words, lambda word: line_of[word[2]])
    return "\n".join(" ".join(dropwhile(not_, map(itemgetter(0), line))) for _, line in lines)


def text_of_cell(runs: Sequence[Run]) -> str:
    """Return `utils.extract_text()` of a cell's characters: unlike on a page, lines are sorted from top to bottom."""
    words = words_of(runs)
    if len(words) == 1:
        return words[0][0]
    line_of = clusters(word[2] for word in words)
    lines: dict[int, list[str]] = {number: [] for number in line_of.values()}
    for word in words:
        lines[line_of[word[2]]].append(word[0])
    return "\n".join(map(" ".join, lines.values()))


def clusters(values: Iterable[float]) -> dict[float, int]:
    """Number the clusters of values: one ends where the next value is more than three points away."""
    numbers: dict[float, int] = {}
    number, last = 0, None
    for value in sorted(set(values)):
        if last is not None and not value <= last + TOLERANCE:
            number += 1
        numbers[value] = number
        last = value
    return numbers


def _runs(pieces: Iterable[Run | Scatter]) -> Iterator[Run]:
    for piece in pieces:
        if isinstance(piece, Run):
            yield piece
        else:
            yield from piece.runs()


def _lines(runs: Sequence[Run]) -> Iterable[Sequence[Run]]:
    """Cluster upright runs by their tops, from the top down; within a line they keep their order."""
    if len(runs) == 1:
        return (runs,)
    line_of = clusters(run.top for run in runs)
    lines: dict[int, list[Run]] = {number: [] for number in line_of.values()}
    for run in runs:
        lines[line_of[run.top]].append(run)
    return lines.values()


def _cut_line(line: Sequence[Run]) -> Iterator[Word]:
    first = line[0]
    if len(line) == 1:
        return _cut_level(first.top, first.bottom, *_sorted(first.x0s, first.x1s, first.texts))
    x0s = [x0 for run in line for x0 in run.x0s]
    x1s = [x1 for run in line for x1 in run.x1s]
    texts = [text for run in line for text in run.texts]
    if all(run.top == first.top and run.bottom == first.bottom for run in line):
        return _cut_level(first.top, first.bottom, *_sorted(x0s, x1s, texts))
    tops = [run.top for run in line for _ in run.texts]
    bottoms = [run.bottom for run in line for _ in run.texts]
    chars = zip(*_sorted(x0s, tops, x1s, bottoms, texts), strict=True)
    return _cut(chars, _parted_across, upright=True)


def _sorted(x0s: list[float], *columns: list[Any]) -> tuple[list[Any], ...]:
    """Sort all columns by the first, keeping the order of equals."""
    in_order = sorted(x0s)
    if in_order == x0s:
        return x0s, *columns
    order = sorted(range(len(x0s)), key=x0s.__getitem__)
    return in_order, *([column[at] for at in order] for column in columns)


def _cut_level(
    top: float, bottom: float, x0s: list[float], x1s: list[float], texts: list[str | None]
) -> Iterator[Word]:
    """Cut a line whose characters all have the same top and bottom."""
    letters: list[str] = []
    left = right = end = 0.0
    for text, x0, x1 in zip(texts, x0s, x1s, strict=True):
        if not text:
            if letters:
                yield "".join(letters), left, top, right, bottom, True, top
                letters = []
            if text is not None:
                yield text, x0, top, x1, bottom, True, top
        elif not letters:
            letters = [text]
            left, right, end = x0, x1, x1
        elif x0 > end + TOLERANCE:
            yield "".join(letters), left, top, right, bottom, True, top
            letters = [text]
            left, right, end = x0, x1, x1
        else:
            letters.append(text)
            end = x1
            if x1 > right:  # noqa: PLR1730 — max() would cost a call for each character.
                right = x1
    if letters:
        yield "".join(letters), left, top, right, bottom, True, top


def _cut(line: Iterable[Char], parted: Callable[[Char, Char], bool], *, upright: bool) -> Iterator[Word]:
    """Cut a line whose characters have tops and bottoms of their own; `parted` says where a word ends between two."""
    chars: list[Char] = []
    for char in line:
        if not char[4]:
            if chars:
                yield _merged(chars, upright=upright)
            chars = []
            if char[4] is not None:
                yield _merged([char], upright=upright)
        elif chars and parted(chars[-1], char):
            yield _merged(chars, upright=upright)
            chars = [char]
        else:
            chars.append(char)
    if chars:
        yield _merged(chars, upright=upright)


def _parted_across(last: Char, char: Char) -> bool:
    """Say whether a word ends between two upright characters, sorted from left to right."""
    return char[0] > last[2] + TOLERANCE or abs(char[1] - last[1]) > TOLERANCE


def _parted_down(last: Char, char: Char) -> bool:
    """Say whether a word ends between two rotated characters, read from the top down."""
    return char[1] < last[1] or char[1] > last[3] + TOLERANCE or abs(char[0] - last[0]) > TOLERANCE


def _rotated_lines(pieces: Iterable[Run | Scatter]) -> Iterator[list[Char]]:
    """Cluster rotated characters by their left edges, from left to right, and sort each cluster from the top down."""
    chars: list[Char] = []
    for piece in pieces:
        count = len(piece.texts)
        tops = [piece.top] * count if isinstance(piece, Run) else piece.tops
        bottoms = [piece.bottom] * count if isinstance(piece, Run) else piece.bottoms
        chars += zip(piece.x0s, tops, piece.x1s, bottoms, piece.texts, strict=True)
    line_of = clusters(char[0] for char in chars)
    lines: dict[int, list[Char]] = {number: [] for number in line_of.values()}
    for char in chars:
        lines[line_of[char[0]]].append(char)
    for line in lines.values():
        line.sort(key=itemgetter(1, 3))
        yield line


def _merged(chars: Sequence[Char], *, upright: bool) -> Word:
    x0s, tops, x1s, bottoms, texts = zip(*chars, strict=True)
    return "".join(texts), min(x0s), min(tops), max(x1s), max(bottoms), upright, tops[0]

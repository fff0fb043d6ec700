"""Spans: the characters of a page joined to pieces of text of one style, with blanks where there are gaps.

A gap counts as a blank when it is wide for the size of the type, where pdfplumber's words take three points for all
sizes. At wider gaps, where columns may end, and where the style changes, a new span begins.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from operator import sub

from shared.accents import MARKS, accented
from worker.extraction.engine.marks import Run, Scatter, Style

BLANK = 0.12  # Of the size: the gap that separates words. Tight lines of newspapers need less than 0.15.
SPACED = 3  # Text with a blank for every third character has its letters set apart.
TRACKED = 1.6  # Times their usual distance: the gap that separates words then.
WIDE = 0.6  # Of the size: a gap that may separate columns.
DOUBLE = 0.12  # Of the size: how far apart the two copies of a letter lie that is drawn twice to look bold.
CLOSE = 0.05  # Of the size: letters that overlap further are looked at one by one.
NO_STYLE = Style("", 0.0, 0.0)
Column = list[float]
Part = tuple[str, float, float, Style]  # text, x0, x1, style.
Char = tuple[str | None, float, float, float, float]  # text, x0, top, x1, bottom.
Piece = tuple[str, float, float, float, float, Style, int]  # text, x0, top, x1, bottom, style, turn.


def spans_of(pieces: Sequence[Run | Scatter]) -> list[Piece]:
    """Return the spans in the order of the content stream; within one they are read in the direction of its turn."""
    spans: list[Piece] = []
    waiting: list[Scatter] = []
    for piece in pieces:
        if isinstance(piece, Scatter):
            if waiting and not _continues(waiting[-1], piece):
                spans += _of_scatters(waiting)
                waiting = []
            waiting.append(piece)
            continue
        if waiting:
            spans += _of_scatters(waiting)
            waiting = []
        top, bottom = piece.top, piece.bottom
        spans += ((text, x0, top, x1, bottom, style, 0) for text, x0, x1, style in _of_run(piece))
    return spans + list(_of_scatters(waiting)) if waiting else spans


def _of_run(run: Run) -> Iterable[Part]:
    """Cut a run, a part of one style at a time."""
    x0s, x1s, texts, styles = run.x0s, run.x1s, run.texts, run.styles
    if x0s != sorted(x0s):
        order = sorted(range(len(x0s)), key=x0s.__getitem__)
        of_each = list(chain.from_iterable(repeat(style, count) for style, count in _counted(run)))
        styles = _begun([of_each[at] for at in order])
        x0s, x1s, texts = [x0s[at] for at in order], [x1s[at] for at in order], [texts[at] for at in order]
    if len(styles) == 1:
        return _cut(x0s, x1s, texts, styles[0][1])
    ends = [start for start, _ in styles[1:]] + [len(texts)]
    return chain.from_iterable(
        _cut(x0s[start:end], x1s[start:end], texts[start:end], style)
        for (start, style), end in zip(styles, ends, strict=True)
    )


def _counted(run: Run) -> Iterator[tuple[Style, int]]:
    ends = [start for start, _ in run.styles[1:]] + [len(run.texts)]
    return ((style, end - start) for (start, style), end in zip(run.styles, ends, strict=True))


def _begun(styles: Sequence[Style]) -> list[tuple[int, Style]]:
    return [(at, style) for at, style in enumerate(styles) if at == 0 or styles[at - 1] != style]


def _cut(x0s: Column, x1s: Column, texts: Sequence[str | None], style: Style) -> list[Part]:
    """Cut characters of one style, sorted from left to right; where all of them stand apart, wider gaps count."""
    start, end = 0, len(texts)
    while start < end and not texts[start]:
        start += 1
    while end > start and not texts[end - 1]:
        end -= 1
    if end - start < len(texts):
        x0s, x1s, texts = x0s[start:end], x1s[start:end], texts[start:end]
    if len(texts) <= 1:
        return [(text, x0, x1, style) for text, x0, x1 in zip(texts, x0s, x1s, strict=True) if text]
    if (whole := _whole(x0s, x1s, texts, style)) is not None:
        return [whole]
    parts = list(_cut_at(x0s, x1s, texts, style, blank=BLANK * style.size))
    if sum(text.count(" ") for text, *_ in parts) * SPACED <= len(texts):
        return parts
    return list(_cut_at(x0s, x1s, texts, style, blank=max(BLANK * style.size, _usual_gap(x0s, x1s) * TRACKED)))


def _whole(x0s: Column, x1s: Column, texts: Sequence[str | None], style: Style) -> Part | None:
    """Return all characters as one span where only few have to be looked at one by one, as in most lines."""
    gaps = list(map(sub, x0s[1:], x1s))
    if min(gaps) < -CLOSE * style.size:
        return None
    letters = [text or " " for text in texts]
    if max(gaps) > (blank := BLANK * style.size):
        for at in [at for at, gap in enumerate(gaps) if gap > blank]:
            left, right = at - (texts[at] is None), at + 1 + (texts[at + 1] is None)
            if x0s[right] - x1s[left] > WIDE * style.size:
                return None
            if right - left == 1:
                letters[at] += " "
    text = "".join(letters)
    if "  " in text or text.count(" ") * SPACED > len(text):
        return None
    return text, x0s[0], x1s[-1], style


def _usual_gap(x0s: Column, x1s: Column) -> float:
    """Return the median of the gaps between characters that do not touch."""
    gaps = sorted(x0 - x1 for x0, x1 in zip(x0s[1:], x1s, strict=False) if x0 > x1)
    return gaps[len(gaps) // 2] if gaps else 0.0


def _cut_at(x0s: Column, x1s: Column, texts: Sequence[str | None], style: Style, *, blank: float) -> Iterator[Part]:
    """Cut characters at wide gaps, and drop the second copy of doubled ones."""
    size = style.size
    wide, double = WIDE * size, DOUBLE * size
    letters: list[str] = []
    last, left, begun, end = "", 0.0, 0.0, 0.0
    is_parted = False
    for text, x0, x1 in zip(texts, x0s, x1s, strict=True):
        if not text:
            is_parted = True
            continue
        if letters:
            gap = x0 - end
            if gap > wide:
                yield "".join(letters), left, end, style
                letters, left, end = [], x0, x1
            elif text == last and x0 - begun < double:
                continue
            elif is_parted or gap > blank:
                letters.append(" ")
            elif gap < -double and (text in MARKS or last in MARKS):
                letters[-1] = last = accented(last, text)
                begun, end = x0, max(end, x1)
                continue
        else:
            left, end = x0, x1
        letters.append(text)
        last, begun, is_parted = text, x0, False
        if x1 > end:  # noqa: PLR1730 — max() would cost a call for each character.
            end = x1
    if letters:
        yield "".join(letters), left, end, style


def _continues(last: Scatter, piece: Scatter) -> bool:
    """Say whether two scatters may be parts of one line."""
    return last.turn == piece.turn and last.style == piece.style


def _of_scatters(scatters: Sequence[Scatter]) -> Iterator[Piece]:
    """Turn the boxes into the frame in which the text runs from left to right, cut lines there, and turn them back."""
    style, turn, lean = scatters[0].style or NO_STYLE, scatters[0].turn, scatters[0].lean
    line: list[Char] = []
    for scatter in scatters:
        boxes = zip(scatter.x0s, scatter.tops, scatter.x1s, scatter.bottoms, strict=True)
        for text, box in zip(scatter.texts, boxes, strict=True):
            char = (text, *turned(box, turn))
            if line and not _is_next(line[-1], char, style.size):
                yield from _of_line(line, style, turn=turn, lean=lean)
                line = []
            line.append(char)
    yield from _of_line(line, style, turn=turn, lean=lean)


def _is_next(
    last: tuple[str | None, float, float, float, float],
    char: tuple[str | None, float, float, float, float],
    size: float,
) -> bool:
    """Say whether a character goes on where the last one ended, give or take its size; slanting lines move a little."""
    return abs(char[2] - last[2]) <= size / 2 and last[1] - size / 2 <= char[1] <= last[3] + size


def _of_line(line: Sequence[Char], style: Style, *, turn: int, lean: float) -> Iterator[Piece]:
    """Cut one line; skew makes boxes overlap, so it is taken off their ends."""
    texts, lefts, tops, rights, bottoms = (list(column) for column in zip(*line, strict=True))
    ends = [max(left, right - lean) for left, right in zip(lefts, rights, strict=True)]
    for text, left, right, _ in _cut(lefts, ends, texts, style):
        box = turned((left, min(tops), right, max(bottoms)), -turn)
        yield (text, *box, style, turn)


def turned(box: tuple[float, float, float, float], turn: int) -> tuple[float, float, float, float]:
    """Turn a box clockwise about the page's corner by so many quarters; negative ones turn it back."""
    x0, top, x1, bottom = box
    for _ in range(turn % 4):
        x0, top, x1, bottom = -bottom, x0, -top, x1
    return x0, top, x1, bottom

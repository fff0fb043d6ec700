"""Blocks: the lines of a region joined to headings, paragraphs, items of lists, and code."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final, Literal

from api.documents.text.lines import BLANK, Line
from api.documents.text.survey import BOLD, SAME, Survey

Kind = Literal["heading", "paragraph", "item", "rows", "code"]
FIXED: Final = re.compile(r"courier|mono|consol|typewriter|menlo|cmtt|fixed|lettergothic", re.IGNORECASE)
BULLETS = "\u2022\u2023\u25e6\u25cf\u25cb\u25a0\u25a1\u25aa\u25ab\u25c6\u00b7\u2219\u2043\u27a2\u2713*\uf0b7\uf0a7"
BULLET: Final = re.compile(rf"(?:[{BULLETS}]|[-\u2013\u2014](?=\s))\s*")
NUMBERED: Final = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]\s+(?=\S)")
CLOSED: Final = re.compile(r"[.!?:;\u2026\u3002\uff01\uff1f\uff1a][\"'\u201d\u2019)\]]*$")
WIDE_SCRIPT: Final = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
HYPHENS, SOFT_HYPHEN = "-\u2010", "\u00ad"
LONGEST_HEADING = 120  # Characters of a bold line that may be a heading.
ALIKE = 0.15  # Of the size: how much sizes differ within a paragraph.
CELLS_APART = 1.5  # Times the size: gaps within a line that no justified text has.
LONGEST_NUMBER = 4  # Characters of what stands before the gap in `1.2   A heading`.
HARD_BREAK = "  \n"
WIDEST = 100  # Blanks in a row in a line of code.
FAR = 1.35  # Times the usual distance of lines: what parts paragraphs.
INDENT = 0.8  # Of the size: how much further right a first line begins.
SHORT = 0.8  # Of the region's width: where a line ends that is the last of its paragraph.


@dataclass(frozen=True)
class Block:
    """Lines that belong together; `level` is a heading's, 1 for the highest, `size` that of the type in points."""

    kind: Kind
    text: str
    level: int = 0
    size: float = 0.0
    lines: int = 1

    @property
    def is_open(self) -> bool:
        """Say whether a sentence seems to go on behind it; a single line may be a caption or a running head."""
        return self.kind in {"paragraph", "item"} and self.lines > 1 and not CLOSED.search(self.text)

    def goes_on_in(self, block: "Block") -> bool:
        is_alike = block.kind == "paragraph" and abs(block.size - self.size) < ALIKE * self.size
        return self.is_open and is_alike and block.text[:1].islower()


@dataclass(frozen=True)
class Setting:
    """Where the lines of a region usually are: left and right, and the distance of two baselines, in points."""

    x0: float
    x1: float
    pitch: float


def blocks_of(lines: Sequence[Line], found: Survey) -> Iterator[Block]:
    """Yield the blocks of one region."""
    if not lines:
        return
    setting = Setting(min(line.x0 for line in lines), max(line.x1 for line in lines), _pitch(lines))
    for group, kind, level in _groups(lines, found, setting):
        yield _block(group, kind, level)


def continued(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join a paragraph that goes on in the next region, as at the foot of a column."""
    last: Block | None = None
    for block in blocks:
        if last is not None and last.goes_on_in(block):
            last = replace(last, text=joined([last.text, block.text]))
            continue
        if last is not None:
            yield last
        last = block
    if last is not None:
        yield last


def joined(texts: Sequence[str]) -> str:
    """Join lines to running text: hyphens at their ends go where a word goes on."""
    text = ""
    for line in texts:
        if text.endswith("\u00ad") or (
            len(text) > 1 and text[-1] in "-\u2010" and text[-2].isalpha() and line[:1].islower()
        ):
            text = text[:-1] + line
        elif text and WIDE_SCRIPT.match(text[-1]) and WIDE_SCRIPT.match(line[:1]):
            text += line
        else:
            text = f"{text} {line}" if text else line
    return text


def _groups(lines: Sequence[Line], found: Survey, setting: Setting) -> Iterator[tuple[list[Line], Kind, int]]:
    group: list[Line] = []
    group_kind: Kind = "paragraph"
    group_level = 0
    for at, line in enumerate(lines):
        kind, level = _kind(line, lines[at + 1] if at + 1 < len(lines) else None, found)
        if group and _goes_on(group, line, setting, kinds=(group_kind, kind), levels=(group_level, level)):
            group.append(line)
            continue
        if group:
            yield group, group_kind, group_level
        group, group_kind, group_level = [line], kind, level
    if group:
        yield group, group_kind, group_level


def _kind(line: Line, following: Line | None, found: Survey) -> tuple[Kind, int]:
    text = line.text
    if FIXED.search(line.main.font.name):
        return "code", 0
    if BULLET.match(text):
        return "item", 0
    is_word = any(char.isalpha() for char in text)
    if is_word and line.size >= found.body_size and (level := found.level(line.size)) is not None:
        return "heading", level
    if _is_row(line):
        return "rows", 0
    if is_word and _is_bold(line) and _may_be_heading(line, following, found):
        return "heading", len(found.heading_sizes) + 1
    return ("item", 0) if NUMBERED.match(text) else ("paragraph", 0)


def _is_row(line: Line) -> bool:
    """Say whether there are wide gaps in a line, as in forms and tables without rules; one after a number is none."""
    gaps = [other.x0 - one.x1 > CELLS_APART * line.size for one, other in pairwise(line.fragments)]
    return sum(gaps) > 1 or (any(gaps) and len(line.fragments[0].text) > LONGEST_NUMBER)


def _may_be_heading(line: Line, following: Line | None, found: Survey) -> bool:
    """Say whether a bold line in the size of the text is a heading: short, no sentence, and not followed by nothing."""
    is_of_size = not found.is_bold and line.size * SAME >= found.body_size
    is_short = len(line.text) <= LONGEST_HEADING and not line.text.endswith((".", ",", ";"))
    return is_of_size and is_short and following is not None and not line.text[:1].islower()


def _is_bold(line: Line) -> bool:
    bold = sum(len(fragment.text) for fragment in line.fragments if BOLD.search(fragment.font.name))
    return bold > 0.9 * sum(len(fragment.text) for fragment in line.fragments)


def _goes_on(
    group: Sequence[Line], line: Line, setting: Setting, *, kinds: tuple[Kind, Kind], levels: tuple[int, int]
) -> bool:
    """Say whether a line belongs to the lines before it."""
    last, (before, kind) = group[-1], kinds
    distance = line.base - last.base
    if kind == "code" or before == "code":
        return kind == before and distance <= 3 * setting.pitch
    if kind == "rows" or before == "rows":
        return kind == before and distance <= 2 * setting.pitch
    if kind == "heading" or before == "heading":
        return kind == before and levels[0] == levels[1] and 0 < distance <= 1.6 * max(last.size, line.size)
    if kind == "item" or abs(last.size - line.size) > ALIKE * last.size or not 0 < distance <= FAR * setting.pitch:
        return False
    if before == "item":
        return line.x0 > group[0].x0 + INDENT / 2 * line.size or not CLOSED.search(last.text)
    is_first = line.x0 > last.x0 + INDENT * line.size and last.x0 < setting.x0 + INDENT * line.size
    is_last = last.x1 < setting.x0 + SHORT * (setting.x1 - setting.x0) and CLOSED.search(last.text)
    return not is_first and not is_last


def _pitch(lines: Sequence[Line]) -> float:
    """Return the usual distance of baselines; lines side by side and gaps between paragraphs do not count."""
    near = [gap for one, other in pairwise(lines) if one.size / 2 < (gap := other.base - one.base) <= 2.5 * one.size]
    return median(near) if near else 1.3 * lines[0].size


def _block(lines: Sequence[Line], kind: Kind, level: int) -> Block:
    if kind == "code":
        left = min(line.x0 for line in lines)
        return Block(kind, "\n".join(_as_typed(line, left) for line in lines))
    if kind == "rows":
        return Block(kind, HARD_BREAK.join(line.text for line in lines))
    text = joined([line.text for line in lines])
    if kind == "item" and (bullet := BULLET.match(text)):
        text = f"- {text[bullet.end() :]}"
    return Block(kind, text, level, lines[-1].size, len(lines))


def _as_typed(line: Line, left: float) -> str:
    """Return a line of code with the blanks that stand for its indent and its gaps."""
    width = line.main.size * 0.6
    typed = ""
    for fragment in line.fragments:
        column = round((fragment.x0 - left) / width)
        is_apart = bool(typed) and fragment.x0 - line.fragments[0].x0 > BLANK * fragment.size and column > len(typed)
        blanks = column - len(typed) if is_apart or not typed else 0
        typed += " " * min(blanks, WIDEST) + fragment.text
    return typed

"""Lines that may be a table without a grid of rules: where several lines in a row have words in columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from worker.extraction.engine.auto.columns import strips_of
from worker.extraction.engine.auto.lines import Line
from worker.extraction.engine.auto.prose import is_sentence
from worker.extraction.engine.auto.rules import Rule
from worker.extraction.engine.auto.signs import CAPTION, without_captions, without_signs

WIDE_GAP = 1.0  # Of the characters' height: what parts columns on a line that counts as tabular.
MAX_SKIP = 2.3  # Likewise: the most that may be empty between two lines of a table without rules around it.
FRAMED_SKIP = 4.5
APART = 1.5  # Likewise: so far apart, two rules without text between them end one table and begin another.
MAX_LONE = 3
MAX_HEADER_LINES = 8
NEAR = 5.0  # Points that the ends of two rules of one frame may differ by.
RULE_SHARE = 0.8


@dataclass
class Block:
    """Lines from the top down, and the rules that run along most of their width."""

    lines: list[Line]
    rules: list[Rule]

    @property
    def x0(self) -> float:
        return min(line.x0 for line in self.lines)

    @property
    def top(self) -> float:
        return self.lines[0].top

    @property
    def bottom(self) -> float:
        return self.lines[-1].bottom

    @property
    def x1(self) -> float:
        return max(line.x1 for line in self.lines)


def blocks_of(
    lines: Sequence[Line], rules: Sequence[Rule], height: float, *, gutters: Sequence[float] = ()
) -> list[Block]:
    """Return runs of lines that have words in columns, with the short lines between them.

    What is on both sides of a gutter between columns of text, and has nothing across it, is not one block.
    """
    blocks = []
    for block in _blocks(lines, rules, height):
        gutter = next((x for x in gutters if _is_apart(block, x)), None)
        if gutter is None:
            blocks.append(block)
            continue
        for side in _sides(block.lines, gutter):
            blocks += blocks_of(side, rules, height, gutters=[x for x in gutters if x != gutter])
    return blocks


def _is_apart(block: Block, gutter: float) -> bool:
    """Say whether a block is on both sides of the gutter and no phrase of it across."""
    if not block.x0 < gutter < block.x1:
        return False
    return not any(phrase.x0 < gutter < phrase.x1 for line in block.lines for phrase in line.phrases)


def _sides(lines: Sequence[Line], gutter: float) -> Iterator[list[Line]]:
    """Yield what of the lines is left of the gutter, and what is right of it."""
    for is_right in (False, True):
        parts = [(line, [phrase for phrase in line.phrases if (phrase.x0 > gutter) == is_right]) for line in lines]
        yield [Line(line.top, line.bottom, phrases) for line, phrases in parts if phrases]


def _blocks(lines: Sequence[Line], rules: Sequence[Rule], height: float) -> list[Block]:
    lines = without_captions([plain for line in lines if (plain := without_signs(line, height))], height)
    blocks: list[list[Line]] = []
    current: list[Line] = []
    for line in lines:
        if current and _parts(current, line, rules, height):
            blocks.append(current)
            current = []
        current.append(line)
    blocks.append(current)
    found = [block for lines in blocks if (block := _trimmed(lines, rules, height))]
    return _merged(found, lines, rules, height)


def _merged(blocks: Sequence[Block], lines: Sequence[Line], rules: Sequence[Rule], height: float) -> list[Block]:
    """Join blocks that follow one another in the same columns, with no more than headings of rows between them."""
    merged: list[Block] = []
    for block in blocks:
        last = merged[-1] if merged else None
        between = [line for line in lines if last and last.bottom <= line.top and line.bottom <= block.top]
        inner = [rule for rule in rules if last and last.bottom <= rule.at <= block.top]
        is_apart = (between and inner) or (len(inner) > 1 and inner[-1].at - inner[0].at > APART * height)
        if (
            last
            and not is_apart
            and _has_same_columns(last, block, height)
            and _are_headings(between, [last, block], height)
        ):
            along = {*last.rules, *block.rules}
            merged[-1] = Block([*last.lines, *between, *block.lines], sorted(along))
        else:
            merged.append(block)
    return merged


def _has_same_columns(one: Block, other: Block, height: float) -> bool:
    """Say whether the columns of both are the same, or those of a header span those of the body below it."""
    above, below = (
        strips_of([line for line in block.lines if is_tabular(line, height)], height) for block in (one, other)
    )
    if not above or not below or len(above) > len(below):
        return False
    alike = [any(min(strip[1], found[1]) > max(strip[0], found[0]) for found in below) for strip in above]
    return all(alike) and (len(above) == len(below) or len(one.lines) <= MAX_HEADER_LINES)


def _are_headings(between: Sequence[Line], blocks: Sequence[Block], height: float) -> bool:
    """Say whether the lines between two blocks are few, short and near enough to be of their table."""
    one, other = blocks
    edge = _second_column([*one.lines, *other.lines], height)
    if len(between) > MAX_LONE or any(len(line.phrases) > 1 or line.x1 > edge + 2 * height for line in between):
        return False
    if any(CAPTION.match(line.text) for line in between):
        return False
    places = [one.bottom, *(place for line in between for place in (line.top, line.bottom)), other.top]
    return all(top - bottom <= FRAMED_SKIP * height for bottom, top in zip(places[::2], places[1::2], strict=True))


def _second_column(lines: Sequence[Line], height: float) -> float:
    """Return where, on lines with several columns, the second usually begins."""
    return median([line.phrases[1].x0 for line in lines if is_tabular(line, height)])


def is_tabular(line: Line, height: float) -> bool:
    """Say whether words of a line are far enough apart to be in columns."""
    gaps = (right.x0 - left.x1 for left, right in zip(line.phrases, line.phrases[1:], strict=False))
    return any(gap >= WIDE_GAP * height for gap in gaps)


def _parts(current: Sequence[Line], line: Line, rules: Sequence[Rule], height: float) -> bool:
    """Say whether a table that the current lines may be ends before this line."""
    last = current[-1]
    between = [rule for rule in rules if last.middle < rule.at < line.middle]
    if len(between) > 1 and between[-1].at - between[0].at > APART * height:
        return True
    is_framed = bool(between) or _is_framed(current, line, rules)
    if line.top - last.bottom > (FRAMED_SKIP if is_framed else MAX_SKIP) * height:
        return True
    if is_tabular(line, height):
        return False
    if is_sentence(line.phrases[0], height) and not is_framed and not _is_label(line, current, height):
        return True
    lone = 0
    for before in reversed(current):
        if is_tabular(before, height):
            break
        lone += 1
    return lone >= MAX_LONE and not is_framed and any(is_tabular(before, height) for before in current)


def _is_label(line: Line, current: Sequence[Line], height: float) -> bool:
    """Say whether a line alone keeps to the first column of those above."""
    above = [before for before in current if is_tabular(before, height)]
    return bool(above) and line.x1 <= _second_column(above, height) + 2 * height


def _is_framed(current: Sequence[Line], line: Line, rules: Sequence[Rule]) -> bool:
    """Say whether there are rules of one extent above and below, as around the body of a table."""
    last, begin = current[-1], current[0].top - 3 * line.height
    above = [rule for rule in rules if begin <= rule.at <= last.top + 2 and _runs_along(rule, last)]
    below = [rule for rule in rules if rule.at >= line.bottom - 2 and _runs_along(rule, line)]
    extents = {(round(rule.start / NEAR), round(rule.end / NEAR)) for rule in above}
    near = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    ends = {(round(rule.start / NEAR), round(rule.end / NEAR)) for rule in below}
    return any((start + x, end + y) in extents for start, end in ends for x, y in near)


def _runs_along(rule: Rule, line: Line) -> bool:
    return rule.start <= line.x0 + 5 and rule.end >= line.x1 - 5


def _trimmed(lines: list[Line], rules: Sequence[Rule], height: float) -> Block | None:
    """Return the block from its first to its last tabular line, and what rules hold together with them."""
    tabular = [at for at, line in enumerate(lines) if is_tabular(line, height)]
    if not tabular:
        return None
    first, last = tabular[0], tabular[-1]
    x0, x1 = min(line.x0 for line in lines[first : last + 1]), max(line.x1 for line in lines[first : last + 1])
    along = [rule for rule in rules if min(rule.end, x1) - max(rule.start, x0) >= RULE_SHARE * (x1 - x0)]
    while first > 0 and _belongs_above(lines[first - 1], lines[first], along, x0, height):
        first -= 1
    while last + 1 < len(lines) and _belongs_below(lines[last], lines[last + 1], along):
        last += 1
    kept = lines[first : last + 1]
    top, bottom = kept[0].top - 3 * height, kept[-1].bottom + 1.5 * height
    return Block(kept, [rule for rule in along if top <= rule.at <= bottom])


def _belongs_above(line: Line, below: Line, along: Sequence[Rule], x0: float, height: float) -> bool:
    """Say whether a line above belongs to the table: under its top rule, or over its right columns only."""
    if CAPTION.match(line.text) or any(line.middle < rule.at < below.middle for rule in along):
        return False
    if below.top - line.bottom > 1.5 * height:
        return False
    is_under_rule = any(line.top - 3 * height <= rule.at <= line.middle for rule in along)
    return is_under_rule or (line.x0 > x0 + 4 * height and below.top - line.bottom < 0.8 * height)


def _belongs_below(line: Line, below: Line, along: Sequence[Rule]) -> bool:
    """Say whether a line below the last tabular one is still above the table's bottom rule."""
    if any(line.middle < rule.at < below.middle for rule in along):
        return False
    return any(below.middle < rule.at <= below.bottom + below.height for rule in along)

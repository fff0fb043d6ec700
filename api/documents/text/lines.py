"""Lines: fragments that stand on one baseline, joined with blanks where there are gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from statistics import median

from api.documents.text.bidi import logical
from api.documents.text.fragments import Fragment
from shared.accents import MARKS, accented

SAME_BASE = 0.3  # Of the size: how far apart baselines on one line are.
SMALLER = 0.85  # Of a line's size: what is at most so large may be raised or lowered, as notes and indices are.
INITIAL = 1.8  # Times the usual size: how large a letter by itself is that begins a chapter.
ZONE = 10.0  # Points; lines are looked for in the zones around a baseline only.
BLANK = 0.12  # Of the size: the gap that separates words.


@dataclass(frozen=True)
class Line:
    """Fragments from left to right."""

    fragments: Sequence[Fragment]

    @cached_property
    def text(self) -> str:
        """The line in the order of reading."""
        return logical(joined(self.fragments))

    @cached_property
    def x0(self) -> float:
        return self.fragments[0].x0

    @cached_property
    def x1(self) -> float:
        return max(fragment.x1 for fragment in self.fragments)

    @cached_property
    def main(self) -> Fragment:
        """The fragment with the most text, which gives the line its style."""
        return max(self.fragments, key=lambda fragment: len(fragment.text))

    @property
    def base(self) -> float:
        return self.main.base

    @property
    def size(self) -> float:
        return self.main.size


def lines_of(fragments: Iterable[Fragment]) -> list[Line]:
    """Return the lines from the top down; an initial that is several lines high begins the first of them."""
    fragments = list(fragments)
    usual = median(fragment.size for fragment in fragments) if fragments else 0.0
    initials = [fragment for fragment in fragments if _is_initial(fragment, usual)]
    lines = _rows_of(fragment for fragment in fragments if not _is_initial(fragment, usual))
    for initial in initials:
        beside = (at for at, line in enumerate(lines) if _is_beside(initial, line))
        at = next(beside, None)
        if at is None:
            lines.append(Line([initial]))
        else:
            lines[at] = Line([replace(initial, x1=lines[at].x0), *lines[at].fragments])
    return sorted(lines, key=lambda line: (line.base, line.x0)) if initials else lines


def _is_initial(fragment: Fragment, usual: float) -> bool:
    return fragment.size > INITIAL * usual and len(fragment.text) == 1 and fragment.text.isalpha()


def _is_beside(initial: Fragment, line: Line) -> bool:
    """Say whether a line begins at the right of an initial, which reaches from about its top to a later baseline."""
    is_right = 0 <= line.x0 - initial.x1 + line.size / 2 <= 2 * line.size
    return is_right and initial.base - initial.size < line.base <= initial.base


def _rows_of(fragments: Iterable[Fragment]) -> list[Line]:
    """Join fragments to lines. Large type goes first, so that what is raised finds its line."""
    rows_near: dict[int, list[list[Fragment]]] = {}
    for fragment in sorted(fragments, key=lambda fragment: (-round(fragment.size, 1), fragment.base, fragment.x0)):
        zone = int(fragment.base // ZONE)
        row = _row_for(fragment, [row for near in range(zone - 2, zone + 3) for row in rows_near.get(near, ())])
        if row is None:
            rows_near.setdefault(zone, []).append([fragment])
        else:
            row.append(fragment)
    rows = [row for near in rows_near.values() for row in near]
    lines = [Line(sorted(row, key=attrgetter("x0"))) for row in rows]
    return sorted(lines, key=lambda line: (line.base, line.x0))


def joined(fragments: Sequence[Fragment]) -> str:
    """Join fragments from left to right with blanks at gaps."""
    text, end = "", None
    for fragment in fragments:
        if end is not None and fragment.x0 < end and (fragment.text[0] in MARKS or text[-1] in MARKS):
            text = text[:-1] + accented(text[-1], fragment.text[0]) + fragment.text[1:]
        elif end is not None and fragment.x0 - end > BLANK * fragment.size:
            text += " " + fragment.text
        else:
            text += fragment.text
        end = fragment.x1 if end is None else max(end, fragment.x1)
    return text


def _row_for(fragment: Fragment, rows: Sequence[list[Fragment]]) -> list[Fragment] | None:
    """Return the row whose baseline is nearest among those that the fragment may stand on."""
    fitting = [(abs(row[0].base - fragment.base), at) for at, row in enumerate(rows) if _stands_on(fragment, row)]
    return rows[min(fitting)[1]] if fitting else None


def _stands_on(fragment: Fragment, row: Sequence[Fragment]) -> bool:
    first = row[0]
    if abs(first.base - fragment.base) <= SAME_BASE * min(first.size, fragment.size):
        return True
    if not fragment.size <= SMALLER * first.size <= 2 * fragment.size:
        return False
    is_level = first.base - first.size <= fragment.base - fragment.size / 3 <= first.base + first.size / 4
    return is_level and any(_touches(fragment, other) for other in row)


def _touches(fragment: Fragment, other: Fragment) -> bool:
    gap = max(fragment.x0 - other.x1, other.x0 - fragment.x1)
    return -other.size / 2 <= gap <= other.size / 3

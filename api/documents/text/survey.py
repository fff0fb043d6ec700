"""What a document's pages have in common: the size of most of its type, the sizes of its headings, its running heads.

It is found by a first pass over the pages, of which only counts are kept.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from api.documents.text.fragments import Fragment, layers
from api.documents.text.lines import Line, lines_of
from api.documents.text.results import PageResults

LARGER = 1.12  # Times the size of most type: what headings have at least.
SAME = 1.04  # Times a size: what counts as the same.
LEVELS = 4  # Sizes of headings that are told apart; bold lines in the size of the text are one level deeper.
HEADING_SHARE = 0.25  # Of the text: what is set in more than this is no heading's size.
MARGIN = 0.12  # Of the page's height, at its top and at its bottom: where running heads and feet stand.
PLACE = 6.0  # Points: how far they may move from page to page.
FEW_PAGES = 9  # In longer documents they are on three pages at least.
BOLD = re.compile(r"bold|black|heavy|demi|cmbx|[-,]bd", re.IGNORECASE)
NUMBER = re.compile(r"\d+")
Mark = tuple[str, int]  # A text with its numbers left out, and about how far from the top it stands.


@dataclass(frozen=True)
class Survey:
    """`heading_sizes` are in points, the largest first; `repeated` are the lines that are on several pages.

    `is_bold` says that most of the text is, so that bold lines stand out from nothing.
    """

    body_size: float
    heading_sizes: Sequence[float]
    repeated: frozenset[Mark]
    is_bold: bool = False

    def level(self, size: float) -> int | None:
        """Return the level of a heading in this size, 1 for the highest; None if it is none of theirs."""
        for level, heading in enumerate(self.heading_sizes, start=1):
            if size * SAME >= heading:
                return level
        return None

    def is_stamp(self, line: Line) -> bool:
        """Say whether a line of turned text is on several pages."""
        return any(mark in self.repeated for mark in _marks(line))

    def is_running(self, line: Line, page: PageResults) -> bool:
        """Say whether a line is a running head or foot, or a page number."""
        is_small = line.size < LARGER * self.body_size
        return is_small and _is_in_margin(line.main, page) and self.is_stamp(line)


def survey(pages: Iterable[PageResults]) -> Survey:
    """Go through the pages."""
    sizes: Counter[float] = Counter()
    marks: Counter[Mark] = Counter()
    count = bold = 0
    for page in pages:
        count += 1
        upright, *turned = (layers(page.spans.spans) if page.is_legible else None) or [[]]
        for fragment in upright:
            sizes[round(fragment.size, 1)] += len(fragment.text)
            bold += len(fragment.text) if BOLD.search(fragment.font.name) else 0
        lines = chain(margin_lines(upright, page), *map(lines_of, turned))
        marks.update({mark for line in lines for mark in _marks(line)})
    least = 2 if count < FEW_PAGES else 3
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    repeated = frozenset(mark for mark, times in marks.items() if times >= least)
    return Survey(body, _heading_sizes(sizes, body), repeated, is_bold=2 * bold > sizes.total())


def margin_lines(fragments: Sequence[Fragment], page: PageResults) -> list[Line]:
    """Return the lines at the top and at the bottom of a page."""
    return lines_of(fragment for fragment in fragments if _is_in_margin(fragment, page))


def _is_in_margin(fragment: Fragment, page: PageResults) -> bool:
    _, top = page.spans.corner
    share = (fragment.middle - top) / (page.height or 1.0)
    return not MARGIN < share < 1 - MARGIN


def _marks(line: Line) -> Iterator[Mark]:
    """Yield the line's mark as it may stand on other pages, a little higher or lower."""
    text = NUMBER.sub("#", line.text)
    place = line.base / PLACE
    yield text, int(place)
    yield text, int(place + 0.5) if place % 1 >= 0.5 else int(place) - 1


def _heading_sizes(sizes: Counter[float], body: float) -> list[float]:
    found: list[float] = []
    total = sizes.total()
    for size in sorted((size for size in sizes if size >= LARGER * body), reverse=True):
        is_new = not found or size * SAME < found[-1]
        if is_new and sizes[size] <= HEADING_SHARE * total and len(found) < LEVELS:
            found.append(size)
    return found

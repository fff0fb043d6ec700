"""The tables of a document's pages, numbered from 1, those that go on over pages joined.

A table goes on when the last one of a page and the first one of the next have the same columns: as many, between the
same sides. Besides, both begin with the same header; or the first ends at the foot of its page, the second begins at
the head of its own, and has figures from its first row on where the first has them. What the pages themselves say of
their tables stays as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from shared.models import Page
from shared.page_content import unpack

NEAR = 6.0  # Points that the sides of two parts may differ by: scanners and binding margins shift pages.
MAX_HEADER_ROWS = 6
MIN_HEADER_TEXTS = 2
MARGIN = 0.15  # Of the page's height: what is left for margins, running titles, and a row that did not fit any more.
FIGURES = 2 / 3  # Of a column's cells: so many have a digit where it is one of figures.
Rows = list[list[str | None]]


@dataclass(frozen=True)
class Part:
    """A table on one page, as stored; `is_first` and `is_last` say where it comes on it.

    `head` and `foot` are the places between which pages have more than margins, in PDF points.
    """

    page: int
    table: dict[str, Any]
    is_first: bool
    is_last: bool
    head: float
    foot: float

    @property
    def rows(self) -> Rows:
        rows: Rows = self.table["rows"]
        return rows


@dataclass(frozen=True)
class Table:
    """A table of the document, of one part or more; `rows` has the header of later parts left out."""

    number: int
    parts: Sequence[Part]
    rows: Rows

    @property
    def column_count(self) -> int:
        return max(map(len, self.rows), default=0)

    def as_json(self) -> dict[str, Any]:
        first = self.parts[0]
        return {
            "number": self.number,
            "page": first.page,
            **first.table,
            "rows": self.rows,
            "pages": [part.page for part in self.parts],
            "continued": len(self.parts) > 1,
            "parts": [{"page": part.page, "bbox": part.table["bbox"]} for part in self.parts],
            "row_count": len(self.rows),
            "column_count": self.column_count,
        }


def joined(pages: Iterable[Page]) -> list[Table]:
    """Return the tables of the pages, given in page order."""
    return list(joining(pages))


def joining(pages: Iterable[Page]) -> Iterator[Table]:
    """Yield the tables of the pages, given in page order; only one is held."""
    chain: list[Part] = []
    number = 1
    for part in _parts(pages):
        if chain and not _goes_on(chain, part):
            yield _table(number, chain)
            chain, number = [], number + 1
        chain.append(part)
    if chain:
        yield _table(number, chain)


def _parts(pages: Iterable[Page]) -> Iterable[Part]:
    for page in pages:
        content = unpack(page.content) if page.content else {"tables": []}
        (_, top), height, tables = content.get("corner", (0, 0)), page.height or 0, content["tables"]
        head, foot = top + MARGIN * height, top + (1 - MARGIN) * height
        for at, table in enumerate(tables):
            yield Part(page.number, table, is_first=at == 0, is_last=at == len(tables) - 1, head=head, foot=foot)


def _goes_on(chain: Sequence[Part], part: Part) -> bool:
    last = chain[-1]
    is_next = last.is_last and part.is_first and part.page == last.page + 1
    if not is_next or not _has_same_columns(last, part):
        return False
    return _header_height(chain[0].rows, part.rows) > 0 or (_is_over_the_page(last, part) and _is_body(chain, part))


def _has_same_columns(one: Part, other: Part) -> bool:
    widths = {len(row) for row in (*one.rows, *other.rows)}
    sides = [(a, b) for a, b in zip(one.table["bbox"][::2], other.table["bbox"][::2], strict=True)]
    return len(widths) == 1 and all(None not in pair and abs(pair[0] - pair[1]) <= NEAR for pair in sides)


def _is_over_the_page(one: Part, other: Part) -> bool:
    """Say whether the first ends where its page ends, and the second begins where its page begins."""
    _, _, _, bottom = one.table["bbox"]
    _, top, _, _ = other.table["bbox"]
    return None not in {bottom, top} and bottom >= one.foot and top <= other.head


def _is_body(chain: Sequence[Part], part: Part) -> bool:
    """Say whether the part's first row is none of a header: it has figures wherever the rows before it have them."""
    before = chain[-1].rows[1:] if len(chain) == 1 else chain[-1].rows
    columns = zip(zip(*before, strict=True), part.rows[0], strict=False)
    firsts = [text for column, text in columns if _is_of_figures(column) and text]
    return bool(firsts) and len(part.rows[0]) > 1 and all(map(_has_digit, firsts))


def _is_of_figures(column: Sequence[str | None]) -> bool:
    texts = [text for text in column if text]
    return bool(texts) and sum(map(_has_digit, texts)) >= FIGURES * len(texts)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _header_height(rows: Rows, others: Rows) -> int:
    """Return how many rows both begin with alike; 0 if they say too little to be a header, or nothing follows."""
    alike = list(takewhile(lambda pair: pair[0] == pair[1], zip(rows, others, strict=False)))[:MAX_HEADER_ROWS]
    texts = [text for row, _ in alike for text in row if text]
    return len(alike) if len(texts) >= MIN_HEADER_TEXTS and len(alike) < len(others) else 0


def _table(number: int, chain: Sequence[Part]) -> Table:
    first = chain[0]
    later = [row for part in chain[1:] for row in part.rows[_header_height(first.rows, part.rows) :]]
    return Table(number, chain, [*first.rows, *later])

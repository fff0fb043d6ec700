"""One page's results as its row keeps them, unpacked only as far as a form of the text needs them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from shared.models import Page
from shared.page_content import inflate, unpack
from shared.spans import Font, Span, Spans, decode

MOST_SPANS = 5000


@dataclass(frozen=True)
class PageResults:
    """A page that was read, its results packed as they are stored; a failed one has none. Sizes are PDF points."""

    number: int
    width: float
    height: float
    packed_content: bytes | None = None
    packed_words: bytes | None = None
    packed_spans: bytes | None = None

    @classmethod
    def of(cls, row: Page) -> Self:
        return cls(row.number, row.width or 0.0, row.height or 0.0, row.content, row.words, row.spans)

    @cached_property
    def text(self) -> str:
        return str(self._content["text"])

    @property
    def tables(self) -> Sequence[dict[str, Any]]:
        tables: Sequence[dict[str, Any]] = self._content["tables"]
        return tables

    @cached_property
    def words(self) -> Sequence[dict[str, Any]]:
        words: Sequence[dict[str, Any]] = unpack(self.packed_words) if self.packed_words else ()
        return words

    @cached_property
    def spans(self) -> Spans:
        if self.packed_spans:
            return decode(inflate(self.packed_spans))
        return Spans([span for word in self.words if (span := _span_of(word)) is not None])

    @property
    def is_legible(self) -> bool:
        """Say whether the order of reading is worth finding; drawings may have letters without end, each by itself."""
        return len(self.spans.spans) <= MOST_SPANS

    @cached_property
    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = unpack(self.packed_content) if self.packed_content else {"text": "", "tables": []}
        return content


Pages = Callable[[], Iterator[PageResults]]
"""Goes through the pages of a document, each time it is called anew."""


def _span_of(word: dict[str, Any]) -> Span | None:
    """Make a span of a word, with the fonts unknown; a word that lies nowhere makes none."""
    x0, top, x1, bottom = (word[name] for name in ("x0", "top", "x1", "bottom"))
    if None in {x0, top, x1, bottom}:
        return None
    return Span(word["text"], x0, top, x1, bottom, Font("", round(bottom - top, 1), 0.0))

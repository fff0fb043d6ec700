"""The forms in which a document's text is given, each by its name."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from api.documents.text.layout import layout_text
from api.documents.text.markdown import markdown
from api.documents.text.reading import reading_text
from api.documents.text.results import PageResults, Pages

FormName = Literal["plain", "layout", "reading", "markdown"]


@dataclass(frozen=True)
class Form:
    """A media type, and what makes a document's text of its pages, piece by piece."""

    media_type: str
    write: Callable[[Pages], Iterator[str]]
    needs_words: bool = False


def _page_by_page(write: Callable[[PageResults], str]) -> Callable[[Pages], Iterator[str]]:
    """Return what writes each page by itself, with a form feed between two; a failed page is empty."""

    def write_all(pages: Pages) -> Iterator[str]:
        separator = ""
        for page in pages():
            yield separator + write(page)
            separator = "\f"

    return write_all


FORMS: Final[dict[FormName, Form]] = {
    "plain": Form("text/plain", _page_by_page(lambda page: page.text)),
    "layout": Form("text/plain", _page_by_page(layout_text), needs_words=True),
    "reading": Form("text/plain", _page_by_page(reading_text)),
    "markdown": Form("text/markdown", markdown),
}
VERSION: Final = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
"""Tells one version of the forms from the next, so that nobody keeps what an older one wrote."""

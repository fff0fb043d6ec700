"""What a page's row holds: its text, tables, words and spans as compressed JSON, just as the extraction gave them."""

import json
import zlib
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import from_json

LEVEL = 1  # Measured on page words: 5 % more bytes than level 3 at little more than half its time.
TextLayer = Literal["none", "partial", "full"]
TableStrategy = Literal["ruled", "partly_ruled", "aligned"]  # What a table found by `tables=auto` was found by.
OTHER_SETTINGS = "other settings were asked for"  # No fallback: only pdfplumber itself knows them.
UNSTORABLE = {0: None, **dict.fromkeys(range(0xD800, 0xE000))}


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """A page that was read; sizes are in PDF points.

    `content` is JSON `{text, tables, corner?}`, `words` a JSON list, `spans` what `shared.spans` stores; the corner is
    said where it is not 0, 0. `plain_because` says why pdfplumber itself read the page; None when the engine did.
    """

    number: int
    width: float
    height: float
    text_layer: TextLayer
    table_count: int
    content: bytes
    words: bytes
    spans: bytes | None = None
    plain_because: str | None = None


@dataclass(frozen=True, kw_only=True)
class FailedPage:
    """A page that could not be read, and why."""

    number: int
    code: str
    message: str


def pack(document: bytes) -> bytes:
    return zlib.compress(document, LEVEL)


def inflate(packed: bytes) -> bytes:
    """Return the JSON as it was packed."""
    return zlib.decompress(packed)


def unpack(packed: bytes) -> Any:
    return parse(inflate(packed))


def parse(document: bytes) -> Any:
    """Parse JSON fast, or the slow way where a lone surrogate is escaped, which the fast one does not take."""
    try:
        return from_json(document)
    except ValueError:
        return json.loads(document)


def text_of(content: bytes) -> str:
    """Return the text of a page's content."""
    text: str = parse(content)["text"]
    return text


def corner_of(content: bytes) -> tuple[float, float]:
    """Return which place words and tables give to the top left corner of the page's picture."""
    left, top = parse(content).get("corner", (0.0, 0.0))
    return left, top


def storable(text: str) -> str:
    """Return the text without U+0000 and lone surrogates, which Postgres's text type refuses."""
    return text.translate(UNSTORABLE)

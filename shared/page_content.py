"""What a page's row holds: its text, tables and words as compressed JSON, exactly as the extraction gave them."""

import json
import zlib
from dataclasses import dataclass
from typing import Any, Literal

LEVEL = 3  # Measured on page words: nearly the size of level 6 at a third of its time.
TextLayer = Literal["none", "partial", "full"]
UNSTORABLE = {0: None, **dict.fromkeys(range(0xD800, 0xE000))}


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """A page that was read; sizes are in PDF points, `content` is JSON `{text, tables}`, `words` a JSON list."""

    number: int
    width: float
    height: float
    text_layer: TextLayer
    table_count: int
    content: bytes
    words: bytes


@dataclass(frozen=True, kw_only=True)
class FailedPage:
    """A page that could not be read, and why."""

    number: int
    code: str
    message: str


def pack(document: bytes) -> bytes:
    return zlib.compress(document, LEVEL)


def unpack(packed: bytes) -> Any:
    return json.loads(zlib.decompress(packed))


def storable(text: str) -> str:
    """Return the text without U+0000 and lone surrogates, which Postgres's text type refuses."""
    return text.translate(UNSTORABLE)

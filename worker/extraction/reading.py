"""One page as plain pdfplumber reads it: its text, words and tables, encoded as the JSON that is stored."""

import json
import math
from typing import Any

from pdfplumber.page import Page
from pdfplumber.table import TableSettings

from shared.page_content import TextLayer

WORD_FIELDS = ("text", "x0", "top", "x1", "bottom")
UNREADABLE_SHARE = 0.1
FEW_CHARS = 100
PICTURE_SHARE = 0.5


def read_page(page: Page) -> tuple[dict[str, Any], bytes, bytes]:
    """Return the page's facts, its content and its words; they share the page's characters, which are parsed once."""
    text = page.extract_text()
    tables = _tables(page)
    words = [{field: word[field] for field in WORD_FIELDS} for word in page.extract_words()]
    facts = {
        "width": _finite(page.width),
        "height": _finite(page.height),
        "text_layer": text_layer(page),
        "table_count": len(tables),
    }
    return facts, encode({"text": text, "tables": tables}), encode(words)


def text_layer(page: Page) -> TextLayer:
    """Say how much of what is seen is text.

    `none`: no visible character. `partial`: more than a tenth of the visible characters have no Unicode value, or
    pictures cover half of the page or more and there are fewer than a hundred characters. Otherwise `full`.
    """
    visible = [char["text"] for char in page.chars if char["text"].strip()]
    if not visible:
        return "none"
    unreadable = sum(text.startswith(("(cid:", "\ufffd")) for text in visible)
    if unreadable > UNREADABLE_SHARE * len(visible):
        return "partial"
    return "partial" if len(visible) < FEW_CHARS and _picture_share(page) >= PICTURE_SHARE else "full"


def encode(document: Any) -> bytes:
    """Return ASCII JSON; a number that JSON does not know becomes null."""
    try:
        return json.dumps(document, allow_nan=False).encode()
    except ValueError:
        return json.dumps(_without_nan(document), allow_nan=False).encode()


def _tables(page: Page) -> list[dict[str, Any]]:
    """Find the tables once for both their boxes and their rows, with the settings `extract_tables` starts from."""
    settings = TableSettings.resolve(None)
    return [
        {"bbox": table.bbox, "rows": table.extract(**(settings.text_settings or {}))}
        for table in page.find_tables(settings)
    ]


def _picture_share(page: Page) -> float:
    """Return how much of the page its pictures cover; overlapping ones count twice."""
    left, top, right, bottom = page.bbox
    covered = sum(
        max(0, min(image["x1"], right) - max(image["x0"], left))
        * max(0, min(image["bottom"], bottom) - max(image["top"], top))
        for image in page.images
    )
    return float(covered / ((right - left) * (bottom - top) or 1))


def _finite(size: float) -> float:
    if not math.isfinite(size):
        raise ValueError("The page has no finite size")
    return size


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, (list, tuple)) else value

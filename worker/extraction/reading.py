"""One page as it is sent to the worker: its facts, and its text, tables, words and spans encoded as they are stored."""

import json
import math
from typing import Any

from pydantic_core import to_json

from shared.span_units import FAR, SCALE
from worker.extraction.engine.content import PageContent
from worker.extraction.engine.spans import Piece

REASON_CHARS = 200
SUBSET_CHARS = len("ABCDEF+")
NEAR = FAR / SCALE


def encode_page(page: PageContent) -> tuple[dict[str, Any], tuple[bytes, bytes, bytes]]:
    """Return the page's facts, and its content, its words and its spans."""
    facts = {
        "width": _finite(page.width),
        "height": _finite(page.height),
        "text_layer": page.text_layer,
        "table_count": len(page.tables),
        "plain_because": page.plain_because and _said(page.plain_because),
    }
    content: dict[str, Any] = {"text": page.text, "tables": page.tables}
    if any(page.corner) and all(map(math.isfinite, page.corner)):
        content["corner"] = page.corner
    return facts, (encode(content), encode(page.words), encode_spans(page))


def encode_spans(page: PageContent) -> bytes:
    """Return the spans as `shared.spans.Stored` has them, without those that lie nowhere."""
    spans = page.spans if page.plain_because is None else [span for span in page.spans if _is_near(span)]
    numbers = {style: number for number, style in enumerate(dict.fromkeys([style for *_, style, _ in spans]))}
    texts = [span[0] for span in spans]
    places = [
        (round(x0 * SCALE), round(top * SCALE), round(x1 * SCALE), round(bottom * SCALE), numbers[style], turn)
        for _, x0, top, x1, bottom, style, turn in spans
    ]
    left, top = page.corner
    fonts = [(_font_name(font), max(0, _whole_or_zero(size)), _whole_or_zero(depth)) for font, size, depth in numbers]
    stored = {"corner": (_whole_or_zero(left), _whole_or_zero(top)), "fonts": fonts, "texts": texts, "places": places}
    try:
        return to_json(stored, ensure_ascii=True)
    except ValueError:  # A lone surrogate; unlike pdfplumber's text, this is for reading only.
        stored["texts"] = [text.encode("utf-8", "replace").decode() for text in texts]
        return to_json(stored, ensure_ascii=True)


def _is_near(span: Piece) -> bool:
    """Say whether a span lies anywhere; the engine refuses others, pdfplumber does not."""
    return all(-NEAR < position < NEAR for position in span[1:5])


def _whole_or_zero(points: float) -> int:
    return round(points * SCALE) if -NEAR < points < NEAR else 0


def _font_name(name: str) -> str:
    """Return the name without the prefix of a subset, `ABCDEF+`."""
    _, plus, rest = name.partition("+")
    return _said(rest if plus and len(name) - len(rest) == SUBSET_CHARS else name)


def encode(document: Any) -> bytes:
    """Return ASCII JSON; a number that JSON does not know becomes null."""
    try:
        return to_json(document, inf_nan_mode="null", ensure_ascii=True)
    except ValueError:  # A lone surrogate, which fonts may map glyphs to.
        return json.dumps(_without_nan(document), allow_nan=False).encode()


def _said(reason: str) -> str:
    return "".join(char for char in reason if char.isprintable())[:REASON_CHARS]


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

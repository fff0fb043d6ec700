"""Links of a page to addresses, and where they lie on its picture.

pdfplumber's own reading resolves all that an annotation refers to, up to the whole page tree, and one bad annotation
costs its page all of them. Here a bad one costs itself.
"""

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from pdfminer.pdftypes import resolve1

from worker.extraction.engine.document import Document
from worker.extraction.engine.placing import place_of
from worker.rendering.values import MAX_NODES, dict_of, list_of, text_of

# A link may be followed by whoever reads the answer, so it says nothing that a browser would execute or open locally.
SAFE_SCHEMES: Final = frozenset({"", "http", "https", "ftp", "mailto", "tel"})


def links_on(document: Document, number: int) -> Iterator[dict[str, Any]]:
    """Yield the links of one page; raises what pdfplumber raises for a page that it cannot build."""
    with document.page(number) as page:
        for uri, rectangle in _addresses(page.page_obj.annots):
            bbox = place_of(rectangle, page.page_obj)
            if uri and is_safe(uri) and all(map(math.isfinite, bbox)):
                yield {"page": number, "bbox": bbox, "uri": uri}


def is_safe(uri: str) -> bool:
    try:
        return urlsplit(uri.strip()).scheme.lower() in SAFE_SCHEMES
    except ValueError:
        return False


def _addresses(annotations: Any) -> Iterator[tuple[str | None, list[float]]]:
    for reference in islice(list_of(annotations), MAX_NODES):
        annotation = dict_of(reference)
        uri = resolve1(dict_of(annotation.get("A")).get("URI"))
        rectangle = [resolve1(side) for side in list_of(annotation.get("Rect"))]
        if isinstance(uri, bytes) and len(rectangle) == 4 and all(isinstance(side, (int, float)) for side in rectangle):
            yield _text_of(uri), rectangle


def _text_of(uri: bytes) -> str | None:
    """Return the address; writers use UTF-8, though only ASCII is allowed."""
    try:
        return text_of(uri.decode())
    except UnicodeDecodeError:
        return text_of(uri)

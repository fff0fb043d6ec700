"""A document's outline, with the pages that its items lead to."""

from collections.abc import Iterator, Mapping
from typing import Any

from pdfminer.pdftypes import PDFObjRef

from worker.extraction.engine.document import Document
from worker.rendering.values import Visited, dict_of, list_of, name_tree, text_of

MAX_LEVEL = 1000


def outline_of(document: Document, numbers: Mapping[int, int]) -> Iterator[dict[str, Any]]:
    """Yield the items from top to bottom; `numbers` are the pages' numbers by their objects'.

    pdfminer's own walk recurses with each neighbour and follows circles.
    """
    catalog = document.structure.catalog
    destinations = _named_destinations(catalog)
    visited, waiting = Visited(), [(dict_of(catalog.get("Outlines")).get("First"), 1)]
    while waiting:
        reference, level = waiting.pop()
        item = dict_of(reference)
        if not item or not visited.is_new(reference):
            continue
        title = text_of(item.get("Title"))
        if title is not None:
            yield {"level": level, "title": title, "page": _page(item, destinations, numbers)}
        waiting += [(item.get("Next"), level), (item.get("First"), min(level + 1, MAX_LEVEL))]


def _named_destinations(catalog: Mapping[str, Any]) -> dict[str, Any]:
    """Return the destinations by name: PDF 1.1 has them in a dictionary, later versions in a name tree."""
    old = dict_of(catalog.get("Dests"))
    return old | dict(name_tree(dict_of(catalog.get("Names")).get("Dests")))


def _page(item: Mapping[str, Any], destinations: Mapping[str, Any], numbers: Mapping[int, int]) -> int | None:
    """Return the number of the page that an item leads to, by its destination or its action (ISO 32000-1, 12.3.2)."""
    target = item.get("Dest")
    if target is None:
        action = dict_of(item.get("A"))
        target = action.get("D") if text_of(action.get("S")) == "GoTo" else None
    name = text_of(target)
    if name is not None:
        target = destinations.get(name)
    explicit = list_of(dict_of(target).get("D", target))
    page = explicit[0] if explicit else None
    return numbers.get(page.objid) if isinstance(page, PDFObjRef) else None

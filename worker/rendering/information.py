"""What a document says of itself: metadata, outline, page labels, links, form fields, attachments.

It runs in a sandbox child. Each of them is read by itself, so that a damaged one costs only itself; all are bounded,
and no tree is followed in circles.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from shared.document_bounds import MAX_ITEMS, MAX_TEXT
from worker.extraction.engine.document import Document
from worker.rendering.links import links_on
from worker.rendering.outline import outline_of
from worker.rendering.values import Visited, date_of, dict_of, list_of, name_tree, text_of

Facts = dict[str, Any]
MAX_PAGES = 100_000
MAX_OTHER = 100
MAX_SIZE = 2**53  # Larger numbers are not exact in every client.
NAMED: Final = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer")
DATES: Final = {"CreationDate": "created_at", "ModDate": "modified_at"}
FIELD_TYPES: Final = {"Tx": "text", "Btn": "button", "Ch": "choice", "Sig": "signature"}


def information_of(document: Document, *, links_s: float) -> Facts:
    """Return what `shared/document_information.py` describes; links are looked for as many seconds as given."""
    ids = document.page_ids(at_most=MAX_PAGES)
    numbers, pages = {key: n for n, key in enumerate(ids, start=1) if key is not None}, len(ids)
    lists: dict[str, Callable[[], Iterable[Any]]] = {
        "outline": lambda: outline_of(document, numbers),
        "page_labels": lambda: page_labels(document, pages),
        "links": lambda: links(document, pages, within_s=links_s),
        "form_fields": lambda: form_fields(document),
        "attachments": lambda: attachments(document),
    }
    facts: Facts = {"truncated": [], "metadata": metadata(document), "encrypted": bool(document.structure.encryption)}
    for name, read in lists.items():
        facts[name], is_cut = _bounded(read)
        facts["truncated"] += [name] if is_cut else []
    facts["page_labels"] = facts["page_labels"] or None
    return facts


def metadata(document: Document) -> Facts:
    """Return the information dictionaries as one, put together as pdfplumber does."""
    said: Facts = {}
    for info in document.structure.info:
        said.update(dict_of(info))
    facts: Facts = {name.lower(): text_of(said.get(name)) for name in NAMED}
    facts |= {ours: date_of(said.get(theirs)) for theirs, ours in DATES.items()}
    rest = (name for name in said if name not in NAMED and facts.get(DATES.get(name, "")) is None)
    texts = ((text_of(name), text_of(said[name])) for name in rest)
    facts["other"] = dict(islice(((name, text) for name, text in texts if name and text), MAX_OTHER))
    return facts


def page_labels(document: Document, pages: int) -> Iterator[str]:
    """Yield the label of each page; nothing where the document has none."""
    if "PageLabels" in document.structure.catalog:
        yield from (text_of(label) or "" for label in islice(document.structure.get_page_labels(), pages))


def links(document: Document, pages: int, *, within_s: float) -> Iterator[Facts]:
    """Yield the links to addresses; pages that pdfplumber cannot build have none.

    Links are on the pages, and building each page of a long document takes a while; raises TimeoutError.
    """
    give_up_at = time.monotonic() + within_s
    for number in range(1, pages + 1):
        if time.monotonic() > give_up_at:
            raise TimeoutError
        try:
            yield from links_on(document, number)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001, S112 — an edge: one bad page costs its own links only.
            continue


def form_fields(document: Document) -> Iterator[Facts]:
    """Yield the fields with their full names and values; what a field does not say it has from those above it."""
    form = dict_of(document.structure.catalog.get("AcroForm"))
    visited = Visited()
    waiting: list[tuple[Any, str, Facts]] = [(field, "", {}) for field in reversed(list_of(form.get("Fields")))]
    while waiting:
        reference, above, inherited = waiting.pop()
        if not visited.is_new(reference):
            continue
        field = dict_of(reference)
        said = inherited | {key: field[key] for key in ("FT", "V") if key in field}
        name = ".".join(part for part in (above, text_of(field.get("T"))) if part)[:MAX_TEXT]
        kids = [kid for kid in list_of(field.get("Kids")) if "T" in dict_of(kid)]
        waiting += [(kid, name, said) for kid in reversed(kids)]
        if name and not kids:
            kind = FIELD_TYPES.get(text_of(said.get("FT")) or "", "unknown")
            yield {"name": name, "type": kind, "value": _value(said.get("V"))}


def attachments(document: Document) -> Iterator[Facts]:
    """Yield the embedded files' names and what is said of their sizes; nothing of them is decoded."""
    names = dict_of(document.structure.catalog.get("Names"))
    for key, reference in name_tree(names.get("EmbeddedFiles")):
        specification = dict_of(reference)
        files = dict_of(specification.get("EF"))
        file = dict_of(files.get("UF", files.get("F")))
        size = dict_of(file.get("Params")).get("Size")
        yield {
            "name": text_of(specification.get("UF")) or text_of(specification.get("F")) or key,
            "size": size if type(size) is int and 0 <= size < MAX_SIZE else None,
            "media_type": text_of(file.get("Subtype")),
        }


def _value(value: Any) -> str | list[str] | None:
    several = [text_of(item) or "" for item in list_of(value)[:MAX_OTHER]]
    return several or text_of(value)


def _bounded(read: Callable[[], Iterable[Any]]) -> tuple[list[Any], bool]:
    """Return what there is, and whether there is more; what breaks halfway keeps what it gave before."""
    found: list[Any] = []
    try:
        for item in read():
            if len(found) == MAX_ITEMS:
                return found, True
            found.append(item)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 — an edge: pdfminer raises anything for a damaged part of a document.
        return found, True
    return found, False

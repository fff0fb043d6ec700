"""A document as one JSON text, whose schema `docs/export.md` describes."""

import json
from collections.abc import Iterable, Iterator

from api.documents.contents import page_json
from api.exports.source import Source

SCHEMA = "sheaf.document"
VERSION = 1


def as_json(source: Source) -> Iterator[bytes]:
    """Yield ASCII, so that lone surrogates of broken PDFs survive the way; each page and table has its own line."""
    head = {
        "schema": SCHEMA,
        "version": VERSION,
        "complete": source.contents.complete,
        "document": source.card.model_dump(mode="json"),
    }
    yield json.dumps(head).encode()[:-1] + b', "pages": ['
    yield from _listed(page_json(page, words=True) for page in source.pages(words=True))
    yield b'\n], "tables": ['
    yield from _listed(json.dumps(table.as_json()).encode() for table in source.tables())
    yield b"\n]}\n"


def _listed(items: Iterable[bytes]) -> Iterator[bytes]:
    separator = b"\n"
    for item in items:
        yield separator + item
        separator = b",\n"

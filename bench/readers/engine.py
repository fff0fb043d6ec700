"""The engine, in a process prepared as the one that sandbox children are forked from."""

import gc
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

from bench.readers import Page, gist
from worker.extraction import child
from worker.extraction.confinement import GC_THRESHOLD
from worker.extraction.engine.document import Document


def prepare() -> None:
    """Do what the forkserver does before it forks (`forkserver.main`)."""
    child.prepare()
    gc.collect()
    gc.freeze()


def begin() -> None:
    """Do what a child does before it opens the PDF (`confinement.serve_limited`, `child.serve`)."""
    gc.set_threshold(GC_THRESHOLD)
    logging.disable()
    warnings.simplefilter("ignore")


def read(path: Path, at_most: int | None) -> Iterator[int | Page]:
    with path.open("rb") as stream:
        document = Document(stream, password=None)
        count = document.count(at_most=at_most)
        yield count
        for number in range(1, count + 1):
            yield read_page(document, number)


def read_page(document: Document, number: int) -> Page:
    try:
        page = document.read(number)
    except Exception as error:  # noqa: BLE001 — an edge: pdfminer raises anything for a broken page.
        return Page(error=gist(error))
    return Page(page.text, page.words, [table["rows"] for table in page.tables], page.plain_because)

"""Plain pdfplumber as its documentation has it: opened once, and each page closed after its text, words and tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pdfplumber

from bench.readers import WORD_FIELDS, Page, gist


def prepare() -> None:
    """Nothing is to be done."""


def begin() -> None:
    """Nothing is to be done."""


def read(path: Path, at_most: int | None) -> Iterator[int | Page]:
    with pdfplumber.open(path) as pdf:
        pages = pdf.pages[:at_most]
        yield len(pages)
        for page in pages:
            yield read_page(page)


def read_page(page: Any) -> Page:
    try:
        text, words, tables = page.extract_text(), page.extract_words(), page.extract_tables()
    except Exception as error:  # noqa: BLE001 — an edge: pdfminer raises anything for a broken page.
        return Page(error=gist(error))
    finally:
        page.close()
    return Page(text, [{field: word[field] for field in WORD_FIELDS} for word in words], tables)

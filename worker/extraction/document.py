"""A PDF opened with plain pdfplumber, of which each page is built only when it is read.

`pdf.pages` builds all pages at once, and one that cannot be built breaks all of them. Here the page tree is walked
with leaves that keep what a page is made of, so a bad page costs itself only, and counting costs little.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfpage import PDFPage
from pdfplumber.page import Page


class PasswordNeeded(Exception):
    """The PDF does not open with the password given, or with none."""


class Leaf(PDFPage):  # type: ignore[misc]  # pdfminer is untyped to mypy here.
    """A page of the tree before it is built: `PDFPage`'s constructor may raise, keeping its arguments cannot."""

    def __init__(self, *parts: Any) -> None:  # Deliberately without the parent's.
        """Keep what pdfminer's page tree says."""
        self.parts = parts

    def build(self) -> PDFPage:
        return PDFPage(*self.parts)


class Document:
    """An open PDF; pages are numbered from 1."""

    def __init__(self, stream: BinaryIO, *, password: str | None) -> None:
        """Open the PDF; raises PasswordNeeded, or whatever pdfplumber raises for a damaged one."""
        try:
            self._pdf = pdfplumber.open(stream, password=password)
        except Exception as error:
            if _is_about_password(root_cause(error), password):
                raise PasswordNeeded from error
            raise
        self._leaves = self._walk()
        self._passed = 0

    def count(self, *, at_most: int | None) -> int:
        """Count the pages, or stop at `at_most`."""
        return sum(1 for _ in islice(self._walk(), at_most))

    def page(self, number: int) -> Page:
        """Build one page as `pdf.pages` would; its `doctop` values count from the page itself."""
        return Page(self._pdf, self._leaf(number).build(), page_number=number)

    def _leaf(self, number: int) -> Leaf:
        if number <= self._passed:
            self._leaves, self._passed = self._walk(), 0
        skipped = number - self._passed - 1
        self._passed = number
        return next(islice(self._leaves, skipped, None))

    def _walk(self) -> Iterator[Leaf]:
        return iter(Leaf.create_pages(self._pdf.doc))


def root_cause(error: BaseException) -> BaseException:
    """Return what pdfplumber wrapped: its PdfminerException carries the error as its only argument."""
    while error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    return error


def _is_about_password(error: BaseException, password: str | None) -> bool:
    """Old encryption takes Latin-1 passwords only; any other cannot be the right one."""
    return isinstance(error, PDFPasswordIncorrect) or (bool(password) and isinstance(error, UnicodeEncodeError))

"""The way in: a PDF opened, its pages counted, and each of them read by the engine or else by pdfplumber itself.

Each page is built only when it is read.

`pdf.pages` builds all pages at once, and one that cannot be built breaks all of them. Here the page tree is walked
with leaves that keep what a page is made of, so a bad page costs itself only, and counting costs little.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from typing import Any, BinaryIO

import pdfplumber
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
from pdfminer.pdfpage import PDFPage
from pdfplumber.page import Page

from shared.page_content import OTHER_SETTINGS
from worker.extraction.engine import Unsupported
from worker.extraction.engine.caches import Caches
from worker.extraction.engine.content import PageContent
from worker.extraction.engine.marks import Marks
from worker.extraction.engine.pages import draw, read_fast
from worker.extraction.engine.plain import NO_SETTINGS, PageSettings, is_auto, read_plain
from worker.extraction.engine.versions import difference

DIFFERENCE = difference()


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
        self._caches = Caches(self._pdf)

    def count(self, *, at_most: int | None) -> int:
        """Count the pages, or stop at `at_most`."""
        return sum(1 for _ in islice(self._walk(), at_most))

    def read(self, number: int, settings: PageSettings = NO_SETTINGS) -> PageContent:
        """Read one page; raises what pdfplumber raises for it. `settings` are as `engine/plain.py` has them.

        With any but `tables` pdfplumber reads the page itself.

        After any error of the engine pdfplumber decides, so that errors are its own too. A MemoryError is none of the
        engine's, and trying again would only double the damage.
        """
        self._caches.trim()
        with self._page(number) as page:
            if settings.keys() - {"tables"}:
                return read_plain(page, because=OTHER_SETTINGS, settings=settings)
            if DIFFERENCE is not None:
                return read_plain(page, because=DIFFERENCE, settings=settings)
            try:
                return read_fast(page, self._caches.fonts, auto_tables=is_auto(settings))
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 — an edge: see above.
                because = str(error) if isinstance(error, Unsupported) else type(error).__name__
            return read_plain(page, because=because, settings=settings)

    @property
    def structure(self) -> PDFDocument:
        """What pdfminer knows of the document beyond its pages."""
        return self._pdf.doc

    def page_ids(self, *, at_most: int) -> list[int | None]:
        """Return the object number of each page, in order, as far as pages have one."""
        return [leaf.parts[1] for leaf in islice(self._walk(), at_most)]

    def page(self, number: int) -> AbstractContextManager[Page]:
        """Give pdfplumber's page, which is taken apart when the block ends; raises what pdfplumber raises."""
        return self._page(number)

    def read_plain(self, number: int, *, because: str) -> PageContent:
        """Have pdfplumber itself read the page; raises what it raises."""
        with self._page(number) as page:
            return read_plain(page, because=because)

    def marks(self, number: int) -> Marks:
        """Return what the engine draws for a page; raises Unsupported, or whatever pdfminer raises."""
        with self._page(number) as page:
            return draw(page, self._caches.fonts)

    @contextmanager
    def _page(self, number: int) -> Iterator[Page]:
        """Give a page, and take it apart afterwards: it holds itself by its cache, and its content with it."""
        page = Page(self._pdf, self._leaf(number).build(), page_number=number)
        try:
            yield page
        finally:
            page.close()
            vars(page).clear()

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

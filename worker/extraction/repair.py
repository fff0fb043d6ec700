"""PDFium's view of a PDF: how many pages it finds, and a clean copy where pdfplumber finds fewer.

PDFium rebuilds what is broken while it opens a file: of 6,260 real files pdfplumber raised on 234 that PDFium opens,
and found no pages in 109 more, without any error. PDFium itself ends the process on some files, which nothing here can
catch; the parent (`extraction.py`) knows when it was asked and goes on without it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final

from pdfminer.psexceptions import PSException
from pypdfium2 import PdfDocument, PdfiumError, raw

from worker.extraction.engine.document import Document, root_cause

# What PDFium's error says that pdfplumber's does not: first what a person can act on, then what is better than a bug.
ACTIONABLE: Final = {
    raw.FPDF_ERR_PASSWORD: "it asks for a password other than the one given",
    raw.FPDF_ERR_SECURITY: "it is encrypted in a way that is not supported",
}
BETTER_THAN_BARE: Final = {raw.FPDF_ERR_FORMAT: "it is no PDF, or its structure is broken"}

MAX_IMPORTED: Final = 10_000  # Pages; these take 0.2 s, and the time grows with their square.


class Unrepaired(Exception):
    """PDFium does no better with this PDF; `code` is its error, if it has one."""

    def __init__(self, code: int | None = None) -> None:
        """Keep PDFium's error code."""
        super().__init__()
        self.code = code


@dataclass(frozen=True)
class Copy:
    """A clean copy, opened by pdfplumber, which counted its pages; `target` holds its bytes."""

    document: Document
    pages: int
    target: BytesIO

    @property
    def content(self) -> bytes:
        return self.target.getvalue()


def repair(stream: BinaryIO, *, password: str | None, found: int) -> Copy:
    """Return the copy in which pdfplumber finds most pages; the same file always gives the same one.

    Raises Unrepaired where PDFium sees no more pages than the `found`, or pdfplumber no more in the copy: PDFium
    believes the /Count that a page tree claims.
    """
    with _opened(stream, password) as pdf:
        seen = len(pdf)
        if seen <= found:
            raise Unrepaired
        best: Copy | None = None
        for write in (save, import_pages) if seen <= MAX_IMPORTED else (save,):
            copy = _read(write, pdf, seen)
            if copy and copy.pages > (best.pages if best else found):
                best = copy
            if best and best.pages >= seen:
                break
    if best is None:
        raise Unrepaired
    return best


def most_useful(error: Exception, unrepaired: Unrepaired) -> str | None:
    """Return what PDFium has to say about a PDF, if that helps more than pdfplumber's error does."""
    is_said_well = isinstance(root_cause(error), PSException)
    return ACTIONABLE.get(unrepaired.code) or (None if is_said_well else BETTER_THAN_BARE.get(unrepaired.code))


@contextmanager
def _opened(stream: BinaryIO, password: str | None) -> Iterator[PdfDocument]:
    """Open the PDF in PDFium; pdfminer finds the stream where it left it."""
    position = stream.tell()
    try:
        with PdfDocument(stream, password=password) as pdf:
            yield pdf
    except (PdfiumError, ValueError) as error:  # ValueError: a password that is no text.
        raise Unrepaired(getattr(error, "err_code", None)) from error
    finally:
        stream.seek(position)


def save(pdf: PdfDocument, target: BytesIO) -> None:
    pdf.save(target, flags=raw.FPDF_REMOVE_SECURITY)


def import_pages(pdf: PdfDocument, target: BytesIO) -> None:
    """Write the pages into a new page tree: saving keeps one that pdfminer cannot follow."""
    with PdfDocument.new() as new:
        new.import_pages(pdf)
        new.save(target)


def _read(write: Callable[[PdfDocument, BytesIO], None], pdf: PdfDocument, seen: int) -> Copy | None:
    """Let pdfplumber open a copy, in memory because a child writes no files; None when one of the two cannot."""
    target = BytesIO()
    try:
        write(pdf, target)
        document = Document(target, password=None)
        return Copy(document, document.count(at_most=seen), target)
    except Exception as error:  # noqa: BLE001 — an edge: pdfminer raises anything, and the other copy may be better.
        if isinstance(cause := root_cause(error), MemoryError):
            raise cause from None
        return None

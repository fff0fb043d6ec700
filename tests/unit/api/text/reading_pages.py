"""Pages as a worker stores them, from PDFs, for the tests of the forms of their text."""

from io import BytesIO
from pathlib import Path

from api.documents.text.results import PageResults
from shared.page_content import pack
from tests import pdf_files
from worker.extraction.engine.document import Document
from worker.extraction.reading import encode_page

ROOT = Path(__file__).parents[4]
CORPUS = ROOT.parent / "shared" / "corpus"


def pages_of(pdf: bytes, *, at_most: int | None = None) -> list[PageResults]:
    """Read a PDF."""
    document = Document(BytesIO(pdf), password=None)
    read = [(number, document.read(number)) for number in range(1, document.count(at_most=at_most) + 1)]
    return [
        PageResults(number, float(page.width), float(page.height), *map(pack, encode_page(page)[1]))
        for number, page in read
    ]


def page_of(content: bytes) -> PageResults:
    """Read a page with this content; its fonts are those of `tests.pdf_files`."""
    return pages_of(pdf_files.document([content]))[0]


def line(text: str, x: float, y: float, *, size: float = 10) -> bytes:
    """Draw a line of text with its left end at x, y: points from the page's bottom left corner."""
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("latin-1")
    return b"BT /F1 %g Tf %g %g Td (%s) Tj ET\n" % (size, x, y, escaped)


def column(texts: list[str], x: float, *, top: float = 700, pitch: float = 12, size: float = 10) -> bytes:
    """Draw lines below one another."""
    return b"".join(line(text, x, top - pitch * at, size=size) for at, text in enumerate(texts))

"""Spans are the same whether the engine or pdfplumber itself read the page, and say what is stored of a page."""

from io import BytesIO
from pathlib import Path

import pdfplumber
import pytest

from shared.spans import Span, decode, stored_in
from tests import pdf_files
from worker.extraction.engine.document import Document
from worker.extraction.engine.pages import draw
from worker.extraction.engine.plain_marks import marks_of
from worker.extraction.reading import encode_spans

ROOT = Path(__file__).parents[5]
CORPUS = ROOT.parent / "shared" / "corpus"
FILES = ("tables/eu-018.pdf", "text/rotated_text_01.pdf", "text/multi_page.pdf", "scripts/right_to_left.pdf")
DRAWINGS = {
    "text": pdf_files.show("some words of text"),
    "table": pdf_files.grid(3, 3),
    "turned": b"q 0 1 -1 0 500 100 cm BT /F1 9 Tf 9 9 Td (turned) Tj ET Q",
    "odd": b"BT /F1 9 Tf 2 Tc 7 Tw 80 Tz 3 Ts 72 700 Td (a b c) Tj [(k) -400 (e) 90 (r n)] TJ ET",
}


def spans_of(pdf: bytes, *, plain: bool) -> list[Span]:
    document = Document(BytesIO(pdf), password=None)
    page = document.read_plain(1, because="a test") if plain else document.read(1)
    return list(decode(encode_spans(page)).spans)


@pytest.mark.parametrize("content", DRAWINGS.values(), ids=DRAWINGS)
def test_spans_do_not_depend_on_who_read_the_page(content: bytes) -> None:
    pdf = pdf_files.document([content])
    assert spans_of(pdf, plain=True) == spans_of(pdf, plain=False)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real PDFs is not beside this checkout")
@pytest.mark.parametrize("name", FILES)
def test_spans_of_real_pages_do_not_depend_on_who_read_them(name: str) -> None:
    pdf = (CORPUS / name).read_bytes()
    assert [span.text for span in spans_of(pdf, plain=True)] == [span.text for span in spans_of(pdf, plain=False)]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real PDFs is not beside this checkout")
@pytest.mark.parametrize("name", FILES)
def test_marks_do_not_depend_on_who_read_the_page(name: str) -> None:
    with pdfplumber.open(CORPUS / name) as pdf:
        plain, drawn = marks_of(pdf.pages[0]), draw(pdf.pages[0], {})
    assert plain.visible() == drawn.visible()
    for kind in ("lines", "rects", "curves"):
        ours, theirs = getattr(plain, kind), getattr(drawn, kind)
        assert (sorted(ours.vertical), sorted(ours.horizontal)) == (sorted(theirs.vertical), sorted(theirs.horizontal))
    assert plain.pictures == drawn.pictures


def test_a_span_has_the_name_and_size_of_its_font() -> None:
    (span,) = spans_of(pdf_files.document([b"BT /F1 11 Tf 72 700 Td (some) Tj ET"]), plain=False)
    assert (span.text, span.font.name, span.font.size, span.x0) == ("some", "Helvetica", 11, 72)


@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        b"[",
        b'{"corner": [0, 0], "fonts": [], "texts": ["a"], "places": []}',
        b'{"corner": [0, 0], "fonts": [], "texts": ["a"], "places": [[0, 0, 1, 1, 0, 0]]}',
        b'{"corner": [0, 0], "fonts": [["f", 9, 0]], "texts": ["a"], "places": [[0, 0, 1, 1, 0, 4]]}',
        b'{"corner": [0, 0], "fonts": [["f", 9, 0]], "texts": ["a"], "places": [[0, 0, 1e300, 1, 0, 0]]}',
    ],
)
def test_what_is_no_spans_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match="spans"):
        stored_in(document)

"""The layout form is pdfplumber's `extract_text(layout=True)`, made without a PDF."""

from itertools import islice
from pathlib import Path

import pdfplumber
import pytest

from api.documents.text.layout import layout_text
from tests import pdf_files
from tests.unit.api.text.reading_pages import CORPUS, pages_of

FIRST_PAGES = 3
UNLIKE = ("hostile", "encrypted", "big")
FILES = sorted(path for path in CORPUS.glob("*/*.pdf") if path.parent.name not in UNLIKE)


def by_pdfplumber(path: Path) -> list[str]:
    with pdfplumber.open(path) as pdf:
        return [page.extract_text(layout=True) for page in islice(pdf.pages, FIRST_PAGES)]


@pytest.mark.timeout(60)
@pytest.mark.skipif(not FILES, reason="the corpus of real PDFs is not beside this checkout")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_layout_of_real_files_is_pdfplumbers(path: Path) -> None:
    pages = pages_of(path.read_bytes(), at_most=FIRST_PAGES)
    assert [layout_text(page) for page in pages] == by_pdfplumber(path)


@pytest.mark.parametrize("pdf", [pdf_files.text_pdf(2), pdf_files.table_pdf(), pdf_files.document([b""])])
def test_the_layout_is_pdfplumbers(tmp_path: Path, pdf: bytes) -> None:
    (tmp_path / "it.pdf").write_bytes(pdf)
    assert [layout_text(page) for page in pages_of(pdf)] == by_pdfplumber(tmp_path / "it.pdf")


def test_the_layout_counts_from_the_corner_of_the_page(tmp_path: Path) -> None:
    pdf = pdf_files.text_pdf().replace(b"[0 0 612 792]", b"[-90 -40 612 792]")
    (tmp_path / "it.pdf").write_bytes(pdf)
    assert [layout_text(page) for page in pages_of(pdf)] == by_pdfplumber(tmp_path / "it.pdf")


def test_a_word_far_outside_does_not_fill_the_memory() -> None:
    (page,) = pages_of(
        pdf_files.document([pdf_files.show("here") + b"BT /F1 9 Tf -9e7 -9e7 Td (far) Tj 9e7 0 Td (x) Tj ET"])
    )
    assert len(layout_text(page)) < 100_000


def test_a_huge_page_does_not_fill_the_memory() -> None:
    pdf = pdf_files.text_pdf().replace(b"[0 0 612 792]", b"[0 0 90000000 90000000]")
    assert sum(len(layout_text(page)) for page in pages_of(pdf)) <= 3001 * 3000

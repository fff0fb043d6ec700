"""What is read must be what plain pdfplumber gives, to the last digit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.page_content import ReadPage
from tests import pdf_files
from tests.unit.worker.extraction.extracting import Extract
from worker.extraction.reading import encode

ROOT = Path(__file__).parents[4]
CORPUS = ROOT.parent / "shared" / "corpus"
FILES = (
    "tables/background-checks.pdf",
    "tables/eu-018.pdf",
    "scripts/korean-text-with-tables.pdf",
    "scripts/right_to_left.pdf",
    "scripts/VerticalText.pdf",
    "scanned/edgar_image.pdf",
    "text/rotated_text_01.pdf",
    "text/multi_page.pdf",
    "hostile/loop-in-page-ancestors.pdf",
)
FIRST_PAGES = 3


@pytest.mark.parametrize(
    "pdf",
    [
        pdf_files.text_pdf(pages=3),
        pdf_files.text_pdf(text="Brackets ( ) and \\ and \xe9\xfc"),
        pdf_files.table_pdf(rows=4, columns=5),
        pdf_files.picture_pdf("A caption"),
        pdf_files.page_tree_loop(),
        pdf_files.document([b""]),
    ],
    ids=["text", "brackets", "table", "picture", "loop", "empty"],
)
def test_pages_are_what_plain_pdfplumber_gives(extract: Extract, tmp_path: Path, pdf: bytes) -> None:
    (tmp_path / "plain.pdf").write_bytes(pdf)
    assert read_pages(extract, pdf) == plain_pages(tmp_path / "plain.pdf")


@pytest.mark.timeout(60)
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real PDFs is not beside this checkout")
@pytest.mark.parametrize("name", FILES)
def test_pages_of_real_files_are_what_plain_pdfplumber_gives(extract: Extract, name: str) -> None:
    assert read_pages(extract, (CORPUS / name).read_bytes()) == plain_pages(CORPUS / name)


def test_pages_come_in_the_order_that_was_asked_for(extract: Extract) -> None:
    pages = extract.pages(pdf_files.text_pdf(pages=5), [4, 2, 5])
    assert [page.number for page in pages] == [4, 2, 5]
    assert [content(page)["text"].split()[1] for page in pages if isinstance(page, ReadPage)] == ["4", "2", "5"]


def test_a_password_for_an_unencrypted_pdf_is_ignored(extract: Extract) -> None:
    assert isinstance(extract.pages(pdf_files.text_pdf(), password="needless")[0], ReadPage)


def test_the_right_password_opens_an_encrypted_pdf(extract: Extract) -> None:
    (page,) = extract.pages(pdf_files.encrypted_pdf("sésame"), password="sésame")
    assert isinstance(page, ReadPage)
    assert content(page)["text"] == "A secret page"


@pytest.mark.parametrize(
    ("pdf", "expected"),
    [
        (pdf_files.text_pdf(), "full"),
        (pdf_files.picture_pdf(), "none"),
        (pdf_files.text_pdf(text="   "), "none"),
        (pdf_files.picture_pdf("Scanned on Monday"), "partial"),
        (pdf_files.picture_pdf("Recognized text " * 10), "full"),
        (pdf_files.text_pdf(text="\x01\x02 ab"), "partial"),
    ],
    ids=["text", "picture", "blanks", "picture with caption", "picture with its text", "chars without Unicode"],
)
def test_the_text_layer_is_told(extract: Extract, pdf: bytes, expected: str) -> None:
    (page,) = extract.pages(pdf)
    assert isinstance(page, ReadPage)
    assert page.text_layer == expected


def test_numbers_that_json_does_not_know_become_null() -> None:
    nested = {"bbox": (1.5, float("nan"), float("-inf")), "rows": [[None, "NaN"]]}
    assert json.loads(encode(nested)) == {"bbox": [1.5, None, None], "rows": [[None, "NaN"]]}


def test_json_is_ascii_even_for_lone_surrogates() -> None:
    assert encode(["\xe9\x00"]) == rb'["\u00e9\u0000"]'
    assert encode(["\ud800\xe9\x00"]) == rb'["\ud800\u00e9\u0000"]'


def read_pages(extract: Extract, pdf: bytes) -> list[dict[str, Any]]:
    with extract(pdf) as extraction:
        count = extraction.open(count_all=True)
        pages = list(extraction.read(range(1, min(count, FIRST_PAGES) + 1)))
    return [
        {"width": page.width, "height": page.height, **content(page), "words": json.loads(page.words)}
        for page in pages
        if isinstance(page, ReadPage)
    ]


def plain_pages(path: Path) -> Any:
    program = Path(__file__).with_name("plain.py")
    command = [sys.executable, str(program), str(path), str(FIRST_PAGES), "{}"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def content(page: ReadPage) -> Any:
    return json.loads(page.content)

"""The engine gives what plain pdfplumber gives, for whole files and for thousands of changed ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import pdf_files
from tests.differential.comparison import compare, sources
from tests.differential.readers import Reader
from worker.extraction.engine import warming

ROOT = Path(__file__).parents[5]
CORPUS = ROOT.parent / "shared" / "corpus"
MINUTES_IN_PDFPLUMBER = "hostile/Roboto-Regular_BMP.pdf"
FUZZED_S = 60
PLAIN_BECAUSE = 5

SHAPES = {
    "turned": b"q 0 1 -1 0 500 100 cm BT /F1 9 Tf 9 9 Td (turned) Tj 0 -12 Td (words here) Tj ET Q",
    "slanted": b"BT /F1 9 Tf 1 0 .3 1 72 700 Tm (slanted) Tj 1 .2 0 1 72 600 Tm (rising) Tj ET",
    "mirrored": b"BT /F1 9 Tf -1 0 0 1 300 700 Tm (mirrored) Tj 1 0 0 -1 72 600 Tm (upside) Tj ET",
    "overprinted": b"BT /F1 9 Tf 72 700 Td (bold) Tj 0.2 0 Td (bold) Tj 40 1 Td (next) Tj ET",
    "spaced": b"BT /F1 9 Tf 2 Tc 7 Tw 80 Tz 3 Ts 72 700 Td (a b c) Tj [(k) -400 (e) 90 (r n)] TJ ET",
    "quoted": b"BT /F1 9 Tf 12 TL 72 700 Td (one) ' 3 1 (two three) \" T* (four) Tj ET",
    "leading": b"BT /F1 9 Tf 72 700 Td (one) Tj 5 -14 TD (two) Tj T* (three) Tj ET",
    "no font": b"BT 72 700 Td (nothing) Tj /Gone 9 Tf (something) Tj ET",
    "large": b"BT /F1 90000 Tf 1000000 Tc 72 700 Td (ab) Tj ET",
    "lines": b"72 72 m 172 72 l 172 172 l 72 172 l h S 10 10 m 20 20 l 30 10 l S 50 50 m 90 50 l 90 80 l 50 80 l h f",
    "curves": b"5 5 m 9 9 1 1 20 5 c 7 7 30 30 v 8 8 40 30 y S 10 20 30 40 re 15 25 30 40 re W n 1 2 3 re 9 9 l S",
    "escapes": b"BT /F1 9 Tf 72 700 Td (a\\\r\nb\\053\\9\\)) Tj <4142 4> Tj (x(y)z) Tj ET",
    "odd numbers": b"BT /F1 9 Tf 72 700 Td [(a)-5.5.5(b)<43>] TJ 1 --2 3 /A#42 gs (c) Tj ET",
    "leftovers": b"1 2 3 BT 9 9 /F1 9 Tf 4 5 72 700 Td 7 (left) Tj ET 6 re 8 8 m 9 l S",
    "unfinished": b"BT /F1 9 Tf 72 700 Td (seen) Tj (never seen",
    "inline image": b"q 9 0 0 9 72 72 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q BT /F1 9 Tf 72 700 Td (after) Tj ET",
    "marked": b"/P <</MCID 0>> BDC BT /F1 9 Tf 72 700 Td (marked) Tj ET EMC /Artifact BMC EMC /S /Name BDC EMC",
    "colours": b"/DeviceRGB cs 1 0 0 sc /Pattern cs /P scn 5 5 0 0 1 rg .5 .5 .5 .5 k 9 BT /F1 9 Tf 9 9 Td (c) Tj ET",
    "ligatures": b"BT /F1 9 Tf 72 700 Td (o\\256ce \\257ame) Tj ET",
    "empty": b"",
}  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> Iterator[Reader]:
    with Reader("plain") as reader:
        yield reader


@pytest.fixture(scope="module")
def engine() -> Iterator[Reader]:
    with Reader("engine") as reader:
        yield reader


@pytest.mark.parametrize("shape", SHAPES)
def test_each_way_of_drawing_reads_as_in_pdfplumber(plain: Reader, engine: Reader, shape: str) -> None:
    assert_alike(pdf_files.document([SHAPES[shape]]), plain, engine)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 2), (12, 7)])
def test_tables_read_as_in_pdfplumber(plain: Reader, engine: Reader, rows: int, columns: int) -> None:
    assert_alike(pdf_files.table_pdf(rows, columns), plain, engine)


def test_the_first_reading_of_each_process_reads_as_in_pdfplumber(plain: Reader, engine: Reader) -> None:
    assert_alike(warming.sample(), plain, engine)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "path", [*sorted(CORPUS.rglob("*.pdf")), ROOT / "cli" / "sample.pdf"], ids=lambda path: str(path.name)
)
def test_real_files_read_as_in_pdfplumber(plain: Reader, engine: Reader, path: Path) -> None:
    if str(path).endswith(MINUTES_IN_PDFPLUMBER):
        pytest.skip("takes pdfplumber minutes")
    assert_alike(path.read_bytes(), plain, engine)


@pytest.mark.timeout(2 * FUZZED_S + 60)
def test_changed_pdfs_read_as_in_pdfplumber() -> None:
    tally = compare(sources(CORPUS), seed=1, cases=10**6, seconds=FUZZED_S)
    assert not tally.differences, tally
    assert tally.pages > tally.raised + tally.fell_back


def assert_alike(pdf: bytes, plain: Reader, engine: Reader) -> None:
    expected, found = plain.read(pdf), engine.read(pdf)
    if isinstance(expected, str):
        return  # What pdfplumber gives up as a whole has pages of its own here.
    assert [_results(page) for page in found] == [_results(page) for page in expected]
    for page, other in zip(expected, found, strict=True):
        assert isinstance(page, str) or other[PLAIN_BECAUSE] is None, "pdfplumber itself read the page"


def _results(page: Any) -> Any:
    return repr(page[:PLAIN_BECAUSE]) if isinstance(page, list) else page

"""PDFs that take pdfplumber long or much memory stay within a budget: seconds of CPU, and megabytes.

Beside each are pdfplumber's own figures (design/engine.md, section 5): K means killed after 25 s. The budgets are wide,
because machines differ; what they catch is a step that grows with the square of its input.
"""

from collections.abc import Callable

import pytest

from shared.page_content import ReadPage
from tests import pdf_files
from tests.unit.worker.extraction.extracting import Extract
from worker.extraction.limits import Limits

LARGE = Limits(memory_mb=2048, page_timeout_s=40, job_timeout_s=60, max_pages=5000)
GRID = b"".join(b"%d 0 m %d 700 l S 0 %d m 600 %d l S\n" % ((n * 4,) * 4) for n in range(150))
RECTS = b"".join(b"%d %d 3 3 re f\n" % (n % 140 * 4 + 1, n // 140 * 5) for n in range(20_000))
CURVE = b"0 0 m " + b"".join(b"%d %d l " % (n % 600, n * 7 % 700) for n in range(300_000)) + b"S"
CHARS = b"BT /F1 1 Tf 1 0 0 1 10 10 Tm " + b"(abcdefghij) Tj " * 200_000 + b"ET"
COSTLY = {
    "spaces": (lambda: b" " * 600_000_000, 20, 1400),  # 5.1 s, 1.17 GB
    "chars": (lambda: CHARS, 12, 500),  # K
    "grid": (lambda: GRID, 6, 200),  # 12.7 s
    "rects": (lambda: RECTS, 4, 200),  # 4.0 s
    "curve": (lambda: CURVE, 6, 250),  # 8.8 s, 336 MB
    "unterminated text": (lambda: b"BT /F1 9 Tf (" + b"a(b" * 1_000_000, 4, 200),  # K
    "image without end": (lambda: b"BI /W 10 /H 10 ID " + b"EEEE" * 1_000_000, 6, 200),  # K
    "open arrays": (lambda: b"[" * 200_000, 4, 200),  # 0.7 s
    "open dictionaries": (lambda: b"<<" * 200_000, 4, 200),
    "codes in names": (lambda: b"/a#41" * 250_000, 8, 300),
    "many states": (lambda: b"BT " + b"".join(b"/F1 %d Tf (a) Tj " % n for n in range(20_000)) + b"ET", 4, 200),
    "saved states": (lambda: b"q " * 500_000, 6, 400),
}


@pytest.mark.timeout(90)
@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_page_stays_within_its_budget(extract: Extract, name: str) -> None:
    content: Callable[[], bytes]
    content, cpu_s, memory_mb = COSTLY[name]
    with extract(pdf_files.document([content()]), limits=LARGE) as extraction:
        assert extraction.open(count_all=True) == 1
        (page,) = extraction.read([1])
    assert isinstance(page, ReadPage)
    assert (extraction.report.cpu_s or 0) <= cpu_s
    assert (extraction.report.peak_rss_mb or 0) <= memory_mb


@pytest.mark.timeout(90)
def test_a_long_document_does_not_fill_the_memory(extract: Extract) -> None:
    pdf = pdf_files.lines_pdf(2500, lines=30)
    with extract(pdf, limits=LARGE) as extraction:
        count = extraction.open(count_all=True)
        read = sum(isinstance(page, ReadPage) for page in extraction.read(range(1, count + 1)))
    assert read == count == 2500
    assert (extraction.report.peak_rss_mb or 0) < 200


@pytest.mark.timeout(90)
def test_the_contents_of_earlier_pages_are_forgotten(extract: Extract) -> None:
    padding = b"% " + b"x" * 200_000 + b"\n"
    pdf = pdf_files.document([padding + pdf_files.show(f"Page {number}") for number in range(1500)])
    with extract(pdf, limits=LARGE) as extraction:
        count = extraction.open(count_all=True)
        read = sum(isinstance(page, ReadPage) for page in extraction.read(range(1, count + 1)))
    assert read == count == 1500
    assert (extraction.report.peak_rss_mb or 0) < 200

"""Each hostile PDF ends within its limits in the state that this table expects."""

import time
from dataclasses import replace

import pytest

from tests import pdf_files
from tests.unit.worker.extraction.extracting import LIMITS, Extract, outcome
from worker.extraction.sandbox import ExtractionFailed

SHORT, LONG = 1, 30  # Seconds a page may take: less than the slow ones need anywhere, more than opening needs here.
EXPECTED = {
    "flate_bomb": ("page_memory", LONG),
    "stacked_flate_bomb": ("page_memory", LONG),
    "many_chars": ("page_timeout", SHORT),
    "many_rects": ("page_timeout", SHORT),
    "nested_arrays": ("page_timeout", SHORT),
    "page_tree_loop": ("read", LONG),
    "deep_page_tree": ("damaged_pdf", LONG),
    "repeated_kids": ("read", LONG),
    "many_pages": ("too_many_pages", LONG),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", EXPECTED)
def test_a_hostile_pdf_ends_in_its_state(extract: Extract, name: str) -> None:
    expected, page_timeout_s = EXPECTED[name]
    pdf = pdf_files.HOSTILE[name]()
    started = time.monotonic()
    with extract(pdf, limits=replace(LIMITS, page_timeout_s=page_timeout_s)) as extraction:
        try:
            count = extraction.open(count_all=False)
            states = {outcome(page) for page in extraction.read(range(1, count + 1))}
        except ExtractionFailed as error:
            states = {error.failure.code}
        report = extraction.report
    assert states == {expected}
    assert time.monotonic() - started < page_timeout_s + 2
    assert (report.peak_rss_mb or 0) <= LIMITS.memory_mb


def test_the_table_knows_every_hostile_pdf() -> None:
    assert EXPECTED.keys() == pdf_files.HOSTILE.keys()

"""Each way to fail has its code, costs no more than it must, and says what to do next."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests import pdf_files
from tests.unit.worker.extraction.extracting import LIMITS, Extract, are_gone, outcome
from worker.extraction.failures import clean_gist
from worker.extraction.sandbox import ExtractionFailed, Limits


@pytest.mark.parametrize(
    ("pdf", "password", "limits", "expected"),
    [
        (pdf_files.encrypted_pdf("sesame"), None, LIMITS, "password_required"),
        (pdf_files.encrypted_pdf("sesame"), "", LIMITS, "password_required"),
        (pdf_files.encrypted_pdf("sesame"), "simsim", LIMITS, "password_wrong"),
        (pdf_files.encrypted_pdf("sesame"), "密码", LIMITS, "password_wrong"),
        (b"%PDF-1.5\nnothing of a PDF follows", None, LIMITS, "damaged_pdf"),
        (pdf_files.document([]), None, LIMITS, "damaged_pdf"),
        (pdf_files.deep_page_tree(), None, LIMITS, "damaged_pdf"),
        (pdf_files.text_pdf(pages=4), None, replace(LIMITS, max_pages=3), "too_many_pages"),
        (pdf_files.repeated_kids(500_000), None, replace(LIMITS, page_timeout_s=0.3), "open_timeout"),
        (pdf_files.many_pages(), None, replace(LIMITS, memory_mb=100, max_pages=10**6), "open_memory"),
        (pdf_files.repeated_kids(500_000), None, replace(LIMITS, job_timeout_s=0.3), "job_timeout"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
@pytest.mark.timeout(30)
def test_a_pdf_that_cannot_be_opened_says_why(
    extract: Extract, pdf: bytes, password: str | None, limits: Limits, expected: str
) -> None:
    with extract(pdf, password=password, limits=limits) as extraction:
        with pytest.raises(ExtractionFailed) as failed:
            extraction.open(count_all=False)
        assert failed.value.failure.code == expected
        assert re.fullmatch(r"[A-Z][^\n]+; [^\n]+\.", failed.value.failure.message)
        assert are_gone(extract.children, within_s=5)


def test_a_selection_may_come_from_a_pdf_with_more_pages_than_allowed(extract: Extract) -> None:
    limits = replace(LIMITS, max_pages=3)
    assert [outcome(page) for page in extract.pages(pdf_files.text_pdf(pages=9), [8, 9], limits=limits)] == ["read"] * 2


@pytest.mark.parametrize(
    ("pdf", "limits", "expected"),
    [
        (pdf_files.one_bad_page_pdf(3, bad=2), LIMITS, "page_error"),
        (pdf_files.slow_page_pdf(3, slow=2), replace(LIMITS, page_timeout_s=1), "page_timeout"),
        (pdf_files.hungry_page_pdf(3, hungry=2), LIMITS, "page_memory"),
    ],
    ids=["error", "timeout", "memory"],
)
@pytest.mark.timeout(30)
def test_one_bad_page_costs_one_page(extract: Extract, pdf: bytes, limits: Limits, expected: str) -> None:
    assert [outcome(page) for page in extract.pages(pdf, limits=limits)] == ["read", expected, "read"]


def test_a_page_that_is_too_large_costs_itself_only(misbehave: Extract) -> None:
    for misdeed in ("huge", "too large"):
        assert [outcome(page) for page in misbehave.pages(b"", password=misdeed)] == ["page_too_large", "read"]


def test_a_crash_that_lacked_memory_is_a_page_memory(misbehave: Extract) -> None:
    assert [outcome(page) for page in misbehave.pages(b"", password="abort with memory")] == ["page_memory", "read"]


@pytest.mark.parametrize("misdeed", ["garbage", "another page", "huge", "leave", "SIGSEGV", "abort with memory"])
def test_a_page_that_costs_a_used_child_its_life_is_read_by_a_fresh_one(misbehave: Extract, misdeed: str) -> None:
    pages = misbehave.pages(b"", [2, 1], password=f"used: {misdeed}")
    assert [(page.number, outcome(page)) for page in pages] == [(2, "read"), (1, "read")]


@pytest.mark.parametrize(("misdeed", "expected"), [("abort with memory", "page_memory"), ("huge", "page_too_large")])
def test_a_page_that_costs_a_fresh_child_its_life_as_well_is_given_up(
    misbehave: Extract, misdeed: str, expected: str
) -> None:
    assert [outcome(page) for page in misbehave.pages(b"", [2, 1, 2], password=misdeed)] == ["read", expected, "read"]


def test_a_page_that_takes_too_long_is_not_waited_for_twice(misbehave: Extract) -> None:
    started = time.monotonic()
    pages = misbehave.pages(b"", [2, 1], password="used: sleep", limits=replace(LIMITS, page_timeout_s=2))
    assert [outcome(page) for page in pages] == ["read", "page_timeout"]
    assert time.monotonic() - started < 4


@pytest.mark.timeout(30)
def test_what_pdfminer_keeps_of_earlier_pages_costs_no_page(extract: Extract) -> None:
    objects = pdf_files.page_objects([b""] * 9)
    for number in range(pdf_files.FIRST_PAGE + 1, max(objects) + 1, 2):
        objects[number] = pdf_files.deflated(b" " * 2**20, times=30)
    pages = extract.pages(pdf_files.assemble(objects), limits=replace(LIMITS, memory_mb=256))
    assert [outcome(page) for page in pages] == ["read"] * 9


def test_the_limit_of_cpu_time_is_the_limit_of_the_job(misbehave: Extract) -> None:
    with pytest.raises(ExtractionFailed) as failed:
        misbehave.pages(b"", password="use CPU")
    assert failed.value.failure.code == "job_timeout"


def test_a_job_that_takes_too_long_ends_though_each_page_is_quick(extract: Extract) -> None:
    limits = replace(LIMITS, job_timeout_s=1)
    with extract(pdf_files.text_pdf(pages=3), limits=limits) as extraction:
        extraction.open(count_all=False)
        pages = extraction.read([1, 2, 3])
        next(pages)
        with pytest.raises(ExtractionFailed) as failed:
            wait_out(pages)
    assert failed.value.failure.code == "job_timeout"


def wait_out(pages: Iterator[object]) -> None:
    time.sleep(1)
    next(pages)


def test_what_a_library_says_is_told_without_paths_and_control_characters() -> None:
    said = "bad\x00 \x1b[31mfont\n in /home/ada/.venv/lib/font.py <Stream object at 0x7f00aa>"
    assert clean_gist(said) == "bad [31mfont in … <Stream object>"
    assert len(clean_gist("long " * 1000)) == 160

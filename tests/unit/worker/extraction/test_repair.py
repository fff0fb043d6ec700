"""Where pdfplumber finds fewer pages than PDFium, PDFium's copy is read; PDFium itself costs nobody a page."""

import json
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pdfminer.psexceptions import PSEOF
from pypdfium2 import PdfDocument, raw

from tests import pdf_files
from tests.unit.worker.extraction.extracting import LIMITS, Extract, outcome
from worker.extraction.extraction import Extraction
from worker.extraction.repair import Unrepaired, most_useful, repair, save
from worker.extraction.sandbox import ExtractionFailed, SandboxCrashed

ENCRYPTED = pdf_files.encrypted_pdf("right").replace(b"/Type /Page ", b"/Tipe /Page ")


def texts(extraction: Extraction, numbers: list[int]) -> list[str]:
    return [json.loads(getattr(page, "content", "{}"))["text"] for page in extraction.read(numbers)]


@pytest.mark.parametrize(
    ("pdf", "because"),
    [
        (pdf_files.untyped_pages_pdf(3), "0 pages (it has no pages), and 3 in the copy"),
        (pdf_files.direct_pages_pdf(3), "0 pages (AttributeError: "),
    ],
    ids=["no pages", "error"],
)
def test_a_pdf_that_only_pdfium_can_open_is_read_from_its_copy(extract: Extract, pdf: bytes, because: str) -> None:
    with extract(pdf) as extraction:
        assert extraction.open(count_all=False) == 3
        assert [text.split()[1] for text in texts(extraction, [3, 1])] == ["3", "1"]
        assert because in (extraction.repaired_because or "")


def test_a_repaired_pdf_needs_its_password_once(extract: Extract) -> None:
    with extract(ENCRYPTED, password="right") as extraction:
        assert extraction.open(count_all=False) == 1
        assert texts(extraction, [1]) == ["A secret page"]
    with extract(ENCRYPTED) as extraction, pytest.raises(ExtractionFailed) as failed:
        extraction.open(count_all=False)
    assert failed.value.failure.code == "password_required"


def test_a_saved_copy_of_an_encrypted_pdf_is_not_encrypted() -> None:
    target = BytesIO()
    with PdfDocument(BytesIO(ENCRYPTED), password="right") as pdf:
        save(pdf, target)
    assert b"/Encrypt" in ENCRYPTED
    assert b"/Encrypt" not in target.getvalue()


@pytest.mark.parametrize(
    ("pdf", "pages"),
    [
        (pdf_files.text_pdf(2), 2),
        (pdf_files.lying_count_pdf(2), 2),
        (pdf_files.lying_count_pdf(2, claimed=1), 2),
        (pdf_files.text_pdf(2) + b"\0garbage" * 1000, 2),
        (pdf_files.text_pdf(2).rpartition(b"startxref")[0], 2),
        (pdf_files.page_tree_loop(), 1),
    ],
    ids=["whole", "more claimed", "fewer claimed", "garbage behind", "no startxref", "loop"],
)
def test_a_pdf_of_which_pdfplumber_finds_all_pages_stays_as_it_is(extract: Extract, pdf: bytes, pages: int) -> None:
    with extract(pdf) as extraction:
        assert extraction.open(count_all=False) == pages
        assert extraction.repaired_because is None


def test_a_selection_from_a_damaged_pdf_is_read_from_the_copy(extract: Extract) -> None:
    with extract(pdf_files.untyped_pages_pdf(9), limits=replace(LIMITS, max_pages=3)) as extraction:
        assert extraction.open(count_all=True) == 9
        assert texts(extraction, [8])[0].startswith("Page 8")


def test_the_limit_of_pages_holds_for_the_copy(extract: Extract) -> None:
    with extract(pdf_files.untyped_pages_pdf(9), limits=replace(LIMITS, max_pages=3)) as extraction:
        with pytest.raises(ExtractionFailed) as failed:
            extraction.open(count_all=False)
        assert failed.value.failure.code == "too_many_pages"
        assert not extract.children


def test_every_later_child_reads_from_the_copy(extract: Extract) -> None:
    pdf = pdf_files.untyped_pages_pdf(3)
    later = extract.sandbox.extraction(
        extract.blob(extract.folder, pdf), password=None, limits=LIMITS, on_wait=lambda: None, is_repaired=True
    )
    with later as extraction:
        assert texts(extraction, [2])[0].startswith("Page 2")


@pytest.mark.timeout(30)
def test_a_child_that_follows_a_lost_one_reads_from_the_copy(extract: Extract) -> None:
    pdf = pdf_files.slow_page_pdf(3, slow=2).replace(b"/Type /Page ", b"/Tipe /Page ")
    assert [outcome(page) for page in extract.pages(pdf, limits=replace(LIMITS, page_timeout_s=1))] == [
        "read",
        "page_timeout",
        "read",
    ]


@pytest.mark.parametrize("is_repaired", [True, False])
def test_a_parked_child_serves_only_who_reads_the_same_copy(warm: Extract, *, is_repaired: bool) -> None:
    blob = Extract.blob(warm.folder, pdf_files.text_pdf(2))

    def readers(*, is_repaired: bool) -> set[int]:
        with warm.sandbox.extraction(
            blob, password=None, limits=LIMITS, on_wait=lambda: None, warm_key="it", is_repaired=is_repaired
        ) as extraction:
            assert len(texts(extraction, [1])) == 1
            return {child.pid for child in warm.children}

    first = readers(is_repaired=is_repaired)
    assert readers(is_repaired=is_repaired) == first
    assert not readers(is_repaired=not is_repaired) & first


@pytest.mark.parametrize("misdeed", ["SIGSEGV", "SIGABRT", "leave", "garbage", "fewer pages", "pages beyond number"])
def test_what_pdfplumber_reads_alone_survives_pdfium(misbehave: Extract, misdeed: str) -> None:
    assert [outcome(page) for page in misbehave.pages(b"", password=f"repair: {misdeed}")] == ["read", "read"]


def test_a_pdfium_that_hangs_costs_time_only(misbehave: Extract) -> None:
    limits = replace(LIMITS, page_timeout_s=0.5)
    assert [outcome(page) for page in misbehave.pages(b"", password="repair: sleep", limits=limits)] == ["read"] * 2


@pytest.mark.parametrize("misdeed", ["SIGSEGV", "garbage"])
def test_where_pdfium_dies_of_a_damaged_pdf_pdfplumber_says_why(misbehave: Extract, misdeed: str) -> None:
    with pytest.raises(ExtractionFailed, match="it is damaged") as failed:
        misbehave.pages(b"", password=f"damaged repair: {misdeed}")
    assert failed.value.failure.code == "damaged_pdf"


def test_a_repair_that_was_killed_from_outside_is_tried_again(misbehave: Extract) -> None:
    with pytest.raises(SandboxCrashed):
        misbehave.pages(b"", password="damaged repair: SIGKILL")


def test_pages_that_a_tree_repeats_without_end_cost_little() -> None:
    stream, started = BytesIO(pdf_files.repeated_kids(60_000)), time.process_time()
    with pytest.raises(Unrepaired):
        repair(stream, password=None, found=1)
    assert time.process_time() - started < 20  # Following every one of them would take for ever.


def test_pdfminer_finds_the_stream_where_it_left_it() -> None:
    stream = BytesIO(pdf_files.text_pdf(2))
    stream.seek(7)
    with pytest.raises(Unrepaired):
        repair(stream, password=None, found=2)
    assert stream.tell() == 7


def test_pdfium_leaves_the_server_that_forks_with_one_thread(extract: Extract) -> None:
    extract.sandbox.start()
    assert len(list(Path(f"/proc/{extract.sandbox.server_pid}/task").iterdir())) == 1


def test_the_more_useful_of_two_errors_is_told() -> None:
    bare, well_said = TypeError("'NoneType' object is not iterable"), PSEOF("Unexpected EOF")
    assert most_useful(bare, Unrepaired(raw.FPDF_ERR_FORMAT)) == "it is no PDF, or its structure is broken"
    assert most_useful(well_said, Unrepaired(raw.FPDF_ERR_FORMAT)) is None
    assert most_useful(well_said, Unrepaired(raw.FPDF_ERR_SECURITY)) == "it is encrypted in a way that is not supported"
    assert most_useful(bare, Unrepaired()) is None

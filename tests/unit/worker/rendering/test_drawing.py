"""Pages drawn in a real sandbox: sizes within their caps, hostile pages, and answers that are no pictures."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image

from shared.claims import Claim
from shared.models import JobKind
from tests.pdf_files import HOSTILE, assemble, hungry_page_pdf, page_objects, picture_pdf, slow_page_pdf
from tests.unit.worker.extraction.extracting import Extract
from worker.extraction.failures import ExtractionFailed, SandboxCrashed
from worker.extraction.limits import Limits
from worker.rendering.drawing import MAX_PIXELS, MAX_SIDE, MAX_WIDTH, size_in_pixels
from worker.rendering.making import make

LIMITS = Limits(memory_mb=512, page_timeout_s=5, job_timeout_s=60, max_pages=100)


def claim(page: int = 1, *, form: str = "png", width: int | None = None, scale: float | None = 1.0) -> Claim:
    options = {"page": page, "format": form, "width": width, "scale": scale}
    return Claim(
        part_id=uuid4(),
        attempt=1,
        job_id=uuid4(),
        kind=JobKind.RENDERING,
        document_id=uuid4(),
        missing=None,
        is_untouched=True,
        settings="a picture",
        options=options,
        page_ranges=None,
        blob_key="",
        is_repaired=False,
        password_sealed=None,
    )


def drawn(extract: Extract, pdf: bytes, held: Claim, *, limits: Limits = LIMITS) -> bytes:
    with extract(pdf, limits=limits) as extraction:
        return make(extraction, held, limits=limits)


def boxed_pdf(box: str) -> bytes:
    objects = page_objects([b"0 0 9 9 re f"])
    return assemble({**objects, 4: objects[4].replace(b"[0 0 612 792]", box.encode())})


@pytest.mark.parametrize(
    ("box", "width", "scale"),
    [
        ((612, 792), None, 10.0),
        ((612, 792), 2000, None),
        ((1e6, 1e6), None, 10.0),
        ((1, 1e6), 2000, None),
        ((1e-6, 1e6), None, 1.0),
        ((1e6, 1e-6), None, 1.0),
        ((1e300, 1e300), None, 1.0),
    ],
)
def test_no_picture_is_larger_than_the_caps(box: tuple[float, float], width: int | None, scale: float | None) -> None:
    wide, high = size_in_pixels(*box, width=width, scale=scale)
    assert 1 <= wide <= MAX_WIDTH
    assert 1 <= high <= MAX_SIDE
    assert wide * high <= MAX_PIXELS + MAX_SIDE


@pytest.mark.parametrize("box", [(0.0, 1.0), (float("nan"), 1.0), (float("inf"), 1.0), (-1.0, 1.0)])
def test_a_page_without_a_size_has_no_picture(box: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        size_in_pixels(*box, width=None, scale=1.0)


@pytest.mark.parametrize("box", ["[0 0 14400 14400]", "[0 0 99999999 3]", "[0 0 0 0]", "[5 5]", "(no box)"])
@pytest.mark.parametrize("form", ["png", "webp"])
def test_pages_of_odd_sizes_are_drawn_within_the_caps(extract: Extract, box: str, form: str) -> None:
    picture = Image.open(BytesIO(drawn(extract, boxed_pdf(box), claim(form=form, scale=10.0))))
    assert picture.size[0] <= MAX_WIDTH
    assert picture.size[0] * picture.size[1] <= MAX_PIXELS + MAX_SIDE
    picture.load()


def test_what_is_on_the_page_is_on_the_picture(extract: Extract) -> None:
    picture = Image.open(BytesIO(drawn(extract, picture_pdf(), claim(width=100, scale=None))))
    assert set(picture.convert("L").tobytes()) == {0x80}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make_pdf", [*HOSTILE.values(), slow_page_pdf, hungry_page_pdf])
def test_hostile_pages_end_within_their_limits(extract: Extract, make_pdf: Callable[[], bytes]) -> None:
    with suppress(SandboxCrashed):  # PDFium ends the process; the part is tried once more, and then given up.
        assert outcome(extract, make_pdf()) in {
            "drawn",
            "rendition_timeout",
            "rendition_memory",
            "page_not_drawn",
            "no_such_page",
        }
    assert extract.children == []


def outcome(extract: Extract, pdf: bytes) -> str:
    try:
        Image.open(BytesIO(drawn(extract, pdf, claim(width=200, scale=None)))).load()
    except ExtractionFailed as failed:
        return failed.failure.code
    return "drawn"


@pytest.mark.parametrize("misdeed", ["garbage", "no sizes", "no parts", "another page", "a web page", "SIGSEGV"])
@pytest.mark.parametrize("kind", [JobKind.RENDERING, JobKind.INFORMATION])
def test_what_a_hostile_child_says_is_not_believed(misbehave: Extract, misdeed: str, kind: JobKind) -> None:
    with misbehave(b"%PDF-1.5", password=misdeed) as extraction, pytest.raises(SandboxCrashed):
        make(extraction, replace(claim(), kind=kind), limits=LIMITS)
    assert misbehave.children == []


@pytest.mark.parametrize(
    ("misdeed", "code"),
    [("huge", "picture_too_large"), ("abort with memory", "rendition_memory"), ("sleep", "rendition_timeout")],
)
def test_a_child_beyond_its_limits_fails_the_picture(misbehave: Extract, misdeed: str, code: str) -> None:
    limits = replace(LIMITS, page_timeout_s=1)
    with misbehave(b"%PDF-1.5", password=misdeed, limits=limits) as extraction:
        with pytest.raises(ExtractionFailed) as failed:
            make(extraction, claim(), limits=limits)
        assert failed.value.failure.code == code
    assert misbehave.children == []

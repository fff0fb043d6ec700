"""Boxes of what was found stand on it in the picture of its page, by pixels: also on turned and on cut pages."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageChops

from tests.pdf_files import FIRST_PAGE, assemble, grid, page_objects, show
from tests.work import Bench, sign_in, uploaded

SCALE = 2
SLACK = 2  # Pixels by which letters may reach over the box that pdfplumber reckons.
ROUNDED = 0.05  # Pixels; places of words that pdfplumber does not tell apart are kept to a hundredth of a point.
CONTRAST = 60
ODD_PAGES = {
    "turned": (b"/Rotate 0", b"/Rotate 90"),
    "upside down": (b"/Rotate 0", b"/Rotate 180"),
    "cut": (b"/Rotate 0", b"/Rotate 0 /CropBox [50 300 400 760]"),
    "cut and turned": (b"/Rotate 0", b"/Rotate 270 /CropBox [50 300 400 760]"),
}
REAL = ("text/rotated_text_01.pdf", "text/scotus-transcript-p1.pdf", "tables/us-037.pdf")
BEGINNINGS = ("-100 50 512 842", "30 40 642 832", "0.5 -0.25 612 792", "512 842 -100 50", "-100 842 512 50")
MOVED_PAGES = {
    f"{box} turned {turn}": (b"[0 0 612 792] /Rotate 0", f"[{box}] /Rotate {turn}{crop}".encode())
    for box in BEGINNINGS
    for turn, crop in ((0, ""), (90, ""), (180, " /CropBox [60 600 300 740]"), (270, " /CropBox [60 600 300 740]"))
}
CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
Box = tuple[float, float, float, float]


def odd_pages(changes: Mapping[str, tuple[bytes, bytes]], *, content: bytes) -> bytes:
    """The same on each page, and each page in another way unlike a sheet of paper."""
    objects = page_objects([content] * len(changes))
    for at, (said, instead) in enumerate(changes.values()):
        number = FIRST_PAGE + 2 * at
        objects[number] = objects[number].replace(said, instead)
    return assemble(objects)


def picture(client: TestClient, document: dict[str, Any], page: int) -> Image.Image:
    answer = client.get(f"/documents/{document['id']}/pages/{page}/image", params={"scale": SCALE, "format": "png"})
    assert answer.status_code == 200, answer.text
    return Image.open(BytesIO(answer.content)).convert("L")


def hits(client: TestClient, document: dict[str, Any], said: str) -> dict[int, list[Box]]:
    found = client.get("/search", params={"q": f'"{said}"', "document_id": document["id"], "limit": 100}).json()["data"]
    return {hit["page"]: [tuple(SCALE * side for side in box) for box in hit["boxes"]] for hit in found}


def inked(client: TestClient, document: dict[str, Any], page: int) -> Box | None:
    return ImageChops.invert(picture(client, document, page)).getbbox()


def read_pages(client: TestClient, document: dict[str, Any], count: int) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = client.get(
        f"/documents/{document['id']}/pages", params={"include": "words", "limit": count}
    ).json()["data"]
    assert len(pages) == count
    return pages


def on_picture(page: dict[str, Any], x0: float, top: float, x1: float, bottom: float) -> Box:
    """Return the pixels of a place as `docs/pictures.md` says it."""
    left, above = page.get("corner", (0, 0))
    return SCALE * (x0 - left), SCALE * (top - above), SCALE * (x1 - left), SCALE * (bottom - above)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("changes", [ODD_PAGES, MOVED_PAGES], ids=["odd", "moved"])
def test_the_only_ink_of_a_page_is_in_the_box_of_its_only_word(
    client: TestClient, bench: Bench, changes: dict[str, tuple[bytes, bytes]]
) -> None:
    document = uploaded(sign_in(client), odd_pages(changes, content=show("sheaf")))
    bench.run_all()
    found = hits(client, document, "sheaf")
    assert sorted(found) == list(range(1, len(changes) + 1))
    pages = read_pages(client, document, len(changes))
    with bench.working():
        drawn = [inked(client, document, number) for number in sorted(found)]
    for page, ink, kind in zip(pages, drawn, changes, strict=True):
        (word,) = page["words"]
        place = on_picture(page, word["x0"], word["top"], word["x1"], word["bottom"])
        assert is_filled(place, ink), (kind, place, ink)
        assert found[page["number"]][0] == pytest.approx(place, abs=ROUNDED), kind


@pytest.mark.timeout(60)
def test_the_box_of_a_table_lies_on_its_rules(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), odd_pages(MOVED_PAGES, content=grid(3, 3)))
    bench.run_all()
    pages = read_pages(client, document, len(MOVED_PAGES))
    with bench.working():
        drawn = [inked(client, document, page["number"]) for page in pages]
    for page, ink, kind in zip(pages, drawn, MOVED_PAGES, strict=True):
        (table,) = page["tables"]
        assert on_picture(page, *table["bbox"]) == pytest.approx(ink, abs=SLACK), kind


def test_a_page_that_begins_where_most_do_says_nothing_of_its_corner(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), odd_pages(ODD_PAGES, content=show("sheaf")))
    bench.run_all()
    assert ["corner" in page for page in read_pages(client, document, len(ODD_PAGES))] == [False] * len(ODD_PAGES)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there are no real PDFs beside the checkout")
@pytest.mark.timeout(60)
def test_there_is_ink_in_the_boxes_of_words_of_real_pages(client: TestClient, bench: Bench) -> None:
    sign_in(client)
    documents = [uploaded(client, (CORPUS / name).read_bytes()) for name in REAL]
    bench.run_all()
    with bench.working():
        blank = [miss for document in documents for miss in _blank(client, document)]
    assert blank == []


def is_filled(box: Box, ink: Box | None) -> bool:
    """Say whether the ink lies in the box and reaches through most of its longer side."""
    if ink is None:
        return False
    is_inside = all(a >= b - SLACK for a, b in zip(ink[:2], box[:2], strict=True)) and all(
        a <= b + SLACK for a, b in zip(ink[2:], box[2:], strict=True)
    )
    longer, inked = (max(side[2] - side[0], side[3] - side[1]) for side in (box, ink))
    return is_inside and inked > longer * 0.8


def _blank(client: TestClient, document: dict[str, Any]) -> list[tuple[str, Box]]:
    """Return the words whose boxes are empty in the picture."""
    words = client.get(f"/documents/{document['id']}/pages/1", params={"include": "words"}).json()["words"]
    readable = [word["text"] for word in words if word["text"].isalpha() and len(word["text"]) > 3]
    page = picture(client, document, 1)
    said = dict.fromkeys(readable[:: max(1, len(readable) // 8)])
    boxes = [(word, box) for word in said for box in hits(client, document, word)[1]]
    return [(word, box) for word, box in boxes if not is_written(page, box)]


def is_written(page: Image.Image, box: Box) -> bool:
    """Say whether letters, dark or light, reach through most of the box."""
    part = page.crop((round(box[0]), round(box[1]), round(box[2]), round(box[3])))
    ground = part.getpixel((0, 0))
    ink = (
        ImageChops.difference(part, Image.new("L", part.size, ground))
        .point(lambda value: 255 * (value > CONTRAST))
        .getbbox()
    )
    return ink is not None and max(ink[2] - ink[0], ink[3] - ink[1]) > max(part.size) * 0.7

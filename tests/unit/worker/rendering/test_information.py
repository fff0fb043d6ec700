"""What a document says of itself, read without a sandbox: bounds that a small file cannot reach through the API."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pdfplumber
import pytest

from shared.document_bounds import MAX_ITEMS
from shared.document_information import DocumentInformation
from shared.page_content import storable
from tests.pdf_files import FIRST_PAGE, assemble, page_objects, show
from worker.extraction.engine.document import Document
from worker.extraction.reading import encode
from worker.rendering.information import information_of

CORPUS = Path(__file__).resolve().parents[5] / "shared" / "corpus"
LINKED = ["WaldenFull.pdf", "TAMReview.pdf", "ligatures_01.pdf", "two_column.pdf", "us-002.pdf"]


def told(pdf: bytes, *, links_s: float = 10) -> DocumentInformation:
    said = information_of(Document(BytesIO(pdf), password=None), links_s=links_s)
    return DocumentInformation.model_validate_json(encode(said))


def linked_pdf(uris: Sequence[str], *, page: str = "/MediaBox [0 0 612 792]", place: str = "0 0 9 9") -> bytes:
    objects = page_objects([show("Page 1")])
    links = (f"<< /Subtype /Link /Rect [{place}] /A << /S /URI /URI ({uri}) >> >>" for uri in uris)
    said = f"{page} /Annots [{' '.join(links)}]".encode()
    return assemble({**objects, FIRST_PAGE: objects[FIRST_PAGE].replace(b"/MediaBox [0 0 612 792] /Rotate 0", said)})


def test_lists_are_cut_and_it_is_said_which() -> None:
    said = told(linked_pdf(["https://example.org"] * (MAX_ITEMS + 1)))
    assert (len(said.links), said.truncated) == (MAX_ITEMS, ["links"])


def test_links_that_take_too_long_are_given_up() -> None:
    said = told(linked_pdf(["https://example.org"]), links_s=-1)
    assert (said.links, said.truncated) == ([], ["links"])


@pytest.mark.parametrize(
    ("uri", "is_shown"),
    [
        ("https://example.org/", True),
        ("www.example.org", True),
        ("MAILTO:ada@example.org", True),
        ("javascript:alert", False),
        (" JavaScript:alert", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("https://[broken", False),
    ],
)
def test_only_links_that_are_safe_to_follow_are_shown(uri: str, is_shown: bool) -> None:  # noqa: FBT001 — a table.
    assert len(told(linked_pdf([uri])).links) == is_shown


@pytest.mark.parametrize("name", LINKED)
def test_links_of_real_files_are_pdfplumbers(name: str) -> None:
    found = next(CORPUS.rglob(name), None)
    if found is None:
        pytest.skip("The corpus is not here.")
    with pdfplumber.open(found) as pdf:
        theirs: list[Any] = [
            (page.page_number, storable(link["uri"]), link["x0"], link["top"])
            for page in pdf.pages
            for link in page.hyperlinks
        ]
    ours = [(link.page, link.uri, link.bbox[0], link.bbox[1]) for link in told(found.read_bytes()).links]
    assert ours == theirs


@pytest.mark.parametrize(
    ("box", "turn", "place"),
    [
        ("0 0 612 792", 0, (72, 752, 102, 782)),
        ("-100 50 512 842", 0, (172, 802, 202, 832)),
        ("-100 50 512 842", 90, (-40, 172, -10, 202)),
        ("-100 50 512 842", 180, (410, -40, 440, -10)),
        ("-100 50 512 842", 270, (802, 410, 832, 440)),
        ("512 842 -100 50", 270, (802, 410, 832, 440)),
    ],
)
def test_a_link_is_where_the_picture_shows_it(box: str, turn: int, place: tuple[float, ...]) -> None:
    pdf = linked_pdf(["https://example.org"], page=f"/MediaBox [{box}] /Rotate {turn}", place="72 10 102 40")
    (link,) = told(pdf).links
    assert link.bbox == place


def test_an_address_in_utf_8_is_read() -> None:
    (link,) = told(linked_pdf(["https://example.org/Häfen"])).links
    assert link.uri == "https://example.org/Häfen"


def test_one_bad_annotation_costs_no_other_link() -> None:
    pdf = linked_pdf(["https://example.org"])
    broken = b"<< /Subtype /Link /Rect [0 0 (9)] /A << /S /URI /URI 7 >> >> << /Subtype /Link >> (none) "
    assert len(told(pdf.replace(b"/Annots [", b"/Annots [" + broken)).links) == 1

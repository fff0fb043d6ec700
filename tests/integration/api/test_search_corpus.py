"""Searching real PDFs: what pdfplumber sees on a page is found there, and the boxes cover it."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shared.terms import places
from tests.work import Bench, sign_in, uploaded

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
CLASSES = ("text", "scripts", "tables")
FILES = sorted(
    (file for name in CLASSES for file in (CORPUS / name).glob("*.pdf")), key=lambda file: file.stat().st_size
)
A_PAGE = 8  # Words of a page that are searched for.


@pytest.mark.skipif(not FILES, reason="there are no real PDFs beside the checkout")
@pytest.mark.timeout(120)
def test_words_of_real_pages_are_found_where_they_stand(client: TestClient, bench: Bench) -> None:
    sign_in(client)
    cards = [uploaded(client, file.read_bytes()) for file in FILES[:12] if file.stat().st_size < 2**20]
    bench.run_all()
    missed = [miss for card in cards for miss in _missed(client, card["id"])]
    assert missed == []


def _missed(client: TestClient, document_id: str) -> list[tuple[str, int, str]]:
    url = f"/documents/{document_id}/pages"
    pages = client.get(url, params={"include": "words", "limit": 2}).json()["data"]
    return [
        (client.get(f"/documents/{document_id}").json()["filename"], page["number"], word["text"])
        for page in pages
        for word in _some(page.get("words") or [])
        if not _is_found(client, document_id, page["number"], word)
    ]


def _some(words: list[dict[str, Any]]) -> list[dict[str, Any]]:
    readable = [word for word in words if 3 <= len(word["text"]) <= 40 and places(word["text"])]
    return readable[:: max(1, len(readable) // A_PAGE)]


def _is_found(client: TestClient, document_id: str, number: int, word: dict[str, Any]) -> bool:
    said = word["text"].replace('"', " ").lstrip("-").replace("*", " ")
    found = client.get("/search", params={"q": f'"{said}"', "document_id": document_id, "limit": 100}).json()["data"]
    box = [word[side] for side in ("x0", "top", "x1", "bottom")]
    return any(hit["page"] == number and box in hit["boxes"] for hit in found)

"""Real PDFs through the whole platform: what comes back is what pdfplumber itself gives, byte for byte as JSON."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.api_client import ApiClient
from tests.platforms import StartedPlatform
from tests.reference import ALL, reference

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
MAX_WORKER_MB = 400
CLEAR_CODES = {"damaged_pdf", "page_error", "page_timeout", "page_memory", "open_timeout", "open_memory"}
pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real PDFs lies beside the project or not at all"),
    pytest.mark.xdist_group("corpus"),
]


def manifest() -> list[dict[str, str]]:
    if not CORPUS.exists():
        return []
    with (CORPUS / "manifest.csv").open(newline="") as rows:
        return list(csv.DictReader(rows))


@pytest.fixture(scope="module")
def most_pages(pytestconfig: pytest.Config) -> int:
    """Say how many pages of a file are read: the long ones are read to their end with --faults only."""
    return ALL if pytestconfig.getoption("--faults") else 50


@pytest.fixture(scope="module")
def documents(api: ApiClient, most_pages: int) -> dict[str, dict[str, Any]]:
    """Upload everything at once, then wait for each; return what became of it by file name."""
    accepted = {row["file"]: api.upload(CORPUS / row["file"], **selection(row, most_pages)) for row in manifest()}
    return {name: api.wait(document) for name, document in accepted.items()}


def selection(row: dict[str, str], most_pages: int) -> dict[str, str]:
    """Select pages of long files only: most are read as they are."""
    return {"pages": f"1-{most_pages}"} if row["class"] == "big" else {}


def same(api: ApiClient, document: dict[str, Any], expected: list[dict[str, Any]]) -> bool:
    found = [
        {"text": page["text"], "tables": [table["rows"] for table in page["tables"]], "words": page["words"]}
        for page in api.pages(document)
    ]
    return json.dumps(found) == json.dumps(expected)


@pytest.mark.parametrize("file", [row["file"] for row in manifest() if row["class"] != "hostile"])
def test_a_real_pdf_gives_what_pdfplumber_gives(
    api: ApiClient, documents: dict[str, dict[str, Any]], most_pages: int, file: str
) -> None:
    document = documents[file]
    expected = reference(CORPUS / file, pages=most_pages)
    if not expected:
        assert (document["status"], document["job"]["error"]["code"]) == ("failed", "password_required")
        return
    assert document["status"] == "succeeded"
    assert same(api, document, expected)


@pytest.mark.parametrize("file", [row["file"] for row in manifest() if row["class"] == "hostile"])
def test_a_hostile_pdf_ends_as_pdfplumber_does_or_with_a_clear_code(
    api: ApiClient, documents: dict[str, dict[str, Any]], file: str
) -> None:
    document = documents[file]
    if document["status"] == "succeeded":
        assert same(api, document, reference(CORPUS / file) or [])
    elif document["status"] == "failed":
        assert document["job"]["error"]["code"] in CLEAR_CODES
    else:
        assert document["job"]["failed_pages"]


@pytest.mark.parametrize(
    ("file", "password"),
    [(row["file"], row["password"]) for row in manifest() if row["class"] == "encrypted" and row["password"]],
)
def test_an_encrypted_pdf_opens_with_its_password(
    api: ApiClient, documents: dict[str, dict[str, Any]], file: str, password: str
) -> None:
    assert documents[file]["job"]["error"]["code"] == "password_required"
    document = api.wait(api.upload(CORPUS / file, password=password))
    assert document["status"] == "succeeded"
    assert same(api, document, reference(CORPUS / file, password) or [])


def test_the_worker_lived_through_it_and_stayed_small(
    started: StartedPlatform, documents: dict[str, dict[str, Any]]
) -> None:
    assert documents
    worker = started.child("worker.app worker")
    assert worker.memory_info().rss < MAX_WORKER_MB * 2**20
    assert "worker stopped" not in started.said

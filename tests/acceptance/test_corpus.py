"""Real PDFs through the whole platform: what comes back is what pdfplumber itself gives, byte for byte as JSON.

The corpus of them lies beside the project or not at all; then there is only the sample.
"""

import csv
import json
import subprocess
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.acceptance.api_client import ApiClient
from tests.platforms import ROOT, StartedPlatform
from tests.reference import ALL, reference

CORPUS = ROOT.parent / "shared" / "corpus"
SAMPLE = {"file": str(ROOT / "cli" / "sample.pdf"), "class": "text"}
ENVIRONMENT = {"PAGE_TIMEOUT_S": "15"}
MAX_WORKER_MB = 400
DRAWN = 3  # Of so many of a class without --faults.
CLEAR_CODES = {"damaged_pdf", "page_error", "page_timeout", "page_memory", "open_timeout", "open_memory"}
pytestmark = [pytest.mark.processes, pytest.mark.timeout(400), pytest.mark.xdist_group("corpus")]


def manifest() -> list[dict[str, str]]:
    if not CORPUS.exists():
        return [SAMPLE]
    with (CORPUS / "manifest.csv").open(newline="") as rows:
        return [SAMPLE, *csv.DictReader(rows)]


@pytest.fixture(scope="module")
def most_pages(pytestconfig: pytest.Config) -> int:
    """Say how many pages of a file are compared: those of long ones to their end with --faults only."""
    return ALL if pytestconfig.getoption("--faults") else 5


@pytest.fixture(scope="module")
def patience_s(pytestconfig: pytest.Config) -> float:
    """Say how long pdfplumber itself may take for a file."""
    return 300 if pytestconfig.getoption("--faults") else 5


@pytest.fixture(scope="module")
def documents(api: ApiClient, most_pages: int) -> dict[str, dict[str, Any]]:
    """Upload everything at once, then wait for each; return what became of it by file name."""
    accepted = {row["file"]: api.upload(CORPUS / row["file"], **selection(row, most_pages)) for row in manifest()}
    return {name: api.wait(document) for name, document in accepted.items()}


def selection(row: dict[str, str], most_pages: int) -> dict[str, str]:
    """Select pages of long files only, more than are compared: most are read as they are."""
    return {"pages": f"1-{4 * most_pages}"} if row["class"] == "big" else {}


def same(api: ApiClient, document: dict[str, Any], expected: list[dict[str, Any]], most_pages: int) -> bool:
    """Say whether the first pages are what is expected, which is all of them or the first `most_pages`."""
    found = [
        {"text": page["text"], "tables": [table["rows"] for table in page["tables"]], "words": page["words"]}
        for page in api.pages(document, at_most=most_pages)
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
    assert same(api, document, expected, most_pages)


@pytest.mark.parametrize("file", [row["file"] for row in manifest() if row["class"] == "hostile"])
def test_a_hostile_pdf_ends_as_pdfplumber_does_or_with_a_clear_code(
    api: ApiClient, documents: dict[str, dict[str, Any]], most_pages: int, patience_s: float, file: str
) -> None:
    document = documents[file]
    if document["repaired"]:
        assert all(page["text"] is not None for page in api.pages(document))
    elif document["status"] == "succeeded":
        try:
            expected = reference(CORPUS / file, pages=most_pages, timeout_s=patience_s)
        except subprocess.TimeoutExpired:
            pytest.skip("pdfplumber itself takes too long; --faults waits for it")
        assert same(api, document, expected or [], most_pages)
    elif document["status"] == "failed":
        assert document["job"]["error"]["code"] in CLEAR_CODES
    else:
        assert document["job"]["failed_pages"]


@pytest.mark.parametrize(
    ("file", "password"),
    [(row["file"], row["password"]) for row in manifest() if row["class"] == "encrypted" and row["password"]],
)
def test_an_encrypted_pdf_opens_with_its_password(
    api: ApiClient, documents: dict[str, dict[str, Any]], most_pages: int, file: str, password: str
) -> None:
    assert documents[file]["job"]["error"]["code"] == "password_required"
    document = api.wait(api.upload(CORPUS / file, password=password))
    assert document["status"] == "succeeded"
    assert same(api, document, reference(CORPUS / file, password, pages=most_pages) or [], most_pages)


@pytest.mark.parametrize("kind", sorted({row["class"] for row in manifest()}))
def test_the_first_page_of_what_was_read_is_drawn(
    api: ApiClient, documents: dict[str, dict[str, Any]], pytestconfig: pytest.Config, kind: str
) -> None:
    files = [row["file"] for row in manifest() if row["class"] == kind]
    for file in files if pytestconfig.getoption("--faults") else files[:DRAWN]:
        check_picture(api, documents, file)


def check_picture(api: ApiClient, documents: dict[str, dict[str, Any]], file: str) -> None:
    document = api.get(f"/documents/{documents[file]['id']}")  # Another test may have given its password since.
    answer = api.fetch(f"/documents/{document['id']}/pages/1/image", width=300, format="webp")
    if document["page_count"] is None:
        assert answer.json()["code"] == "no_such_page"
    elif answer.status_code == 409:
        assert answer.json()["code"] == "page_not_drawn"
    else:
        assert Image.open(BytesIO(answer.content)).size[0] == 300
    information = api.fetch(f"/documents/{document['id']}/info")
    assert information.status_code == (409 if document["page_count"] is None else 200)


def test_the_worker_lived_through_it_and_stayed_small(
    started: StartedPlatform, documents: dict[str, dict[str, Any]]
) -> None:
    assert documents
    worker = started.child("worker.app worker")
    assert worker.memory_info().rss < MAX_WORKER_MB * 2**20
    assert "worker stopped" not in started.said

"""Exports: what is in them, that they are sent while they are made, and that little of them is in memory."""

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.documents.latest import contents_of
from api.documents.service import document_cards
from api.documents.text.answer import PagesGone
from api.exports.archive import as_archive
from api.exports.as_json import as_json
from api.exports.source import Source
from shared.database import Database
from shared.models import User
from shared.settings import Settings
from shared.storage import BlobStore
from tests.pdf_files import table_pdf, text_pdf
from tests.work import Bench, sign_in, uploaded

FORMS = ("json", "markdown", "zip")
MORE_PAGES = """
    INSERT INTO pages (document_id, settings, number, job_id, attempt, width, height, text_layer, table_count, content,
                       words, created_at)
    SELECT document_id, settings, n, job_id, attempt, width, height, text_layer, table_count, content, words, created_at
    FROM pages, generate_series(2, :many) n WHERE number = 1"""


@pytest.fixture
def url(client: TestClient, bench: Bench) -> str:
    """The address of a document that was read."""
    card = uploaded(sign_in(client), table_pdf())
    bench.run_all()
    return f"/documents/{card['id']}"


def test_the_json_export_has_document_pages_and_tables_as_their_own_routes_give_them(
    client: TestClient, url: str
) -> None:
    answer = client.get(f"{url}/export")
    export = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith('attachment; filename="report.json"')
    assert (export["schema"], export["version"], export["complete"]) == ("sheaf.document", 1, True)
    assert "x-sheaf-complete" not in answer.headers
    card = client.get(url).json()
    card["job"].pop("statistics", None)
    export["document"]["job"].pop("statistics", None)
    assert export["document"] == card
    assert export["pages"] == client.get(f"{url}/pages", params={"include": "words"}).json()["data"]
    assert export["tables"] == client.get(f"{url}/tables").json()["data"]
    assert len(export["tables"]) == 1


def test_the_markdown_export_is_the_text_as_markdown(client: TestClient, url: str) -> None:
    answer = client.get(f"{url}/export", params={"format": "markdown"})
    assert answer.text == client.get(f"{url}/text", params={"format": "markdown"}).text
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"


def test_the_archive_has_everything(client: TestClient, url: str) -> None:
    answer = client.get(f"{url}/export", params={"format": "zip"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    table = "tables/table-001-page-1.csv"
    assert list(found) == ["original.pdf", "document.json", "text.txt", "text.md", table]
    assert found["original.pdf"] == table_pdf()
    assert json.loads(found["document.json"]) == client.get(f"{url}/export").json()
    assert found["text.txt"].decode() == client.get(f"{url}/text").text
    assert found["text.md"].decode() == client.get(f"{url}/text", params={"format": "markdown"}).text
    assert found[table] == client.get(f"{url}/tables/1.csv").content


def test_the_same_document_gives_the_same_bytes(client: TestClient, url: str) -> None:
    for form in FORMS:
        once, again = (client.get(f"{url}/export", params={"format": form}).content for _ in range(2))
        assert once == again


@pytest.mark.parametrize("form", FORMS)
def test_an_export_before_the_end_says_that_it_is_not_complete(client: TestClient, form: str) -> None:
    card = uploaded(sign_in(client), text_pdf())
    answer = client.get(f"/documents/{card['id']}/export", params={"format": form})
    assert (answer.status_code, answer.headers["X-Sheaf-Complete"]) == (200, "false")


@pytest.mark.parametrize("content", [b"%PDF-1.7 nothing more", text_pdf(2)])
def test_what_failed_is_exported_with_its_reason(client: TestClient, bench: Bench, content: bytes) -> None:
    card = uploaded(sign_in(client), content, pages="2")
    bench.run_all()
    export = client.get(f"/documents/{card['id']}/export").json()
    assert export["document"]["job"]["error"] or [page["number"] for page in export["pages"]] == [2]
    assert client.get(f"/documents/{card['id']}/export", params={"format": "zip"}).status_code == 200


def test_an_unknown_form_is_refused(client: TestClient, url: str) -> None:
    answer = client.get(f"{url}/export", params={"format": "docx"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/format")


def test_an_archive_of_a_lost_original_is_not_begun(client: TestClient, url: str, settings: Settings) -> None:
    for path in (settings.sheaf_data / "blobs").rglob("*-*"):
        path.unlink()
    answer = client.get(f"{url}/export", params={"format": "zip"})
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")
    assert client.get(f"{url}/export").status_code == 200


def source_of(client: TestClient, database: Database, settings: Settings, url: str) -> Source:
    user = User(id=client.get("/users/me").json()["id"], email="", name="", password_hash="")
    with database.snapshot() as session:
        contents = contents_of(session, user, client.get(url).json()["id"])
        (card,) = document_cards(session, [contents.document])
        numbers = [stamp[0] for stamp in contents.stamped(contents.selected())]
    return Source(database, BlobStore(settings.storage), contents, card, numbers)


def test_a_deleted_document_breaks_its_export_off(
    client: TestClient, database: Database, settings: Settings, url: str
) -> None:
    source = source_of(client, database, settings, url)
    client.delete(url)
    with pytest.raises(PagesGone):
        list(as_json(source))


@pytest.mark.parametrize(
    ("form", "pages"),
    [(as_json, 2000), (lambda source: source.text("plain"), 2000), (as_archive, 100)],  # Markdown is slow to trace.
    ids=["json", "plain", "zip"],
)
@pytest.mark.timeout(60)
def test_of_a_long_document_little_is_in_memory(
    client: TestClient, bench: Bench, settings: Settings, form: Callable[[Source], Iterator[bytes]], pages: int
) -> None:
    card = uploaded(sign_in(client), text_pdf(text=" ".join(f"word{n}" for n in range(400))))
    bench.run_all()
    with bench.database.unit_of_work() as session:
        session.execute(text(MORE_PAGES), {"many": pages})
        session.execute(text("UPDATE documents SET page_count = :many"), {"many": pages})
    source = source_of(client, bench.database, settings, f"/documents/{card['id']}")
    tracemalloc.start()
    try:
        largest = max(map(len, form(source)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(source.numbers) == pages
    assert largest < 2**20
    assert peak < 8 * 2**20

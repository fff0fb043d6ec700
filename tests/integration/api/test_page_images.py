"""Pictures of pages: drawn when somebody first asks, kept, answered with an ETag, erased with their document."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import text
from sqlmodel import select

from shared import renditions
from shared.audit import audit_blobs, audit_database
from shared.database import Database
from shared.models import Job, Part, Rendition
from shared.settings import Settings
from shared.storage import BlobStore
from tests.pdf_files import (
    direct_pages_pdf,
    encrypted_pdf,
    one_bad_page_pdf,
    text_pdf,
    unreal_page_pdf,
    untyped_pages_pdf,
)
from tests.work import Bench, sign_in, uploaded
from worker.extraction.limits import Limits
from worker.extraction.sandbox import Sandbox
from worker.runner import Runner


@pytest.fixture
def working(bench: Bench) -> Iterator[Bench]:
    with bench.working():
        yield bench


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


def read_document(client: TestClient, bench: Bench, pdf: bytes, **fields: str) -> dict[str, Any]:
    """Upload a PDF and have it read."""
    document = uploaded(client, pdf, **fields)
    bench.run_all()
    card: dict[str, Any] = client.get(f"/documents/{document['id']}").json()
    return card


def shows_something(content: bytes) -> bool:
    return min(opened(content).convert("L").tobytes()) < 128


def blobs_of(settings: Settings) -> list[Path]:
    return [path for path in (settings.sheaf_data / "blobs").rglob("*") if path.is_file()]


@pytest.mark.usefixtures("working")
def test_a_page_is_drawn_on_request(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf(2))
    answer = client.get(f"/documents/{document['id']}/pages/2/image?scale=1")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert opened(answer.content).size == (612, 792)
    assert shows_something(answer.content)


@pytest.mark.parametrize(
    ("query", "size"),
    [("", (1224, 1584)), ("width=200", (200, 259)), ("scale=0.5", (306, 396)), ("scale=10", (2000, 2588))],
)
def test_a_picture_is_as_large_as_was_asked_for_within_the_caps(
    client: TestClient, bench: Bench, query: str, size: tuple[int, int]
) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    with bench.working():
        assert opened(client.get(f"/documents/{document['id']}/pages/1/image?{query}").content).size == size


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("format=webp", "*/*", "image/webp"),
        ("format=png", "image/webp", "image/png"),
        ("", "image/avif,image/webp,image/*,*/*;q=0.8", "image/webp"),
        ("", "image/png,image/webp;q=0.5", "image/png"),
        ("", "image/webp;q=0,image/*", "image/png"),
        ("", "image/webp;q=much", "image/png"),
    ],
)
def test_the_format_is_the_parameters_or_the_clients(
    client: TestClient, bench: Bench, query: str, accept: str, media_type: str
) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    with bench.working():
        answer = client.get(f"/documents/{document['id']}/pages/1/image?width=64&{query}", headers={"Accept": accept})
    assert answer.headers["content-type"] == media_type
    assert Image.MIME[str(opened(answer.content).format)] == media_type


def test_the_second_request_reads_what_the_first_one_had_drawn(
    client: TestClient, bench: Bench, database: Database
) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    url = f"/documents/{document['id']}/pages/1/image?width=100"
    with bench.working():
        first = client.get(url)
    again = client.get(url)  # Nobody works any more.
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    same = client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    with database.unit_of_work() as session:
        assert session.exec(select(Job.kind).where(Job.kind != "extraction")).all() == ["rendering"]


def test_what_nobody_draws_is_promised_for_later_and_queued_once(
    client: TestClient, bench: Bench, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.documents.renditions.WAIT_S", 0.1)
    document = read_document(sign_in(client), bench, text_pdf())
    for _ in range(2):
        answer = client.get(f"/documents/{document['id']}/pages/1/image")
        assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (503, "not_made_yet", True)
        assert int(answer.headers["retry-after"]) >= 1
    with database.unit_of_work() as session:
        assert session.exec(select(Job.state).where(Job.kind == "rendering")).all() == ["queued"]


def test_a_picture_disturbs_neither_the_documents_status_nor_its_rev(client: TestClient, bench: Bench) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    with bench.working():
        client.get(f"/documents/{document['id']}/pages/1/image")
    assert client.get(f"/documents/{document['id']}").json() == document
    assert [job["kind"] for job in client.get("/jobs").json()["data"]] == ["extraction"]
    (job,) = client.get("/jobs?kind=rendering").json()["data"]
    assert job["state"] == "succeeded"
    assert job["progress"] == {"pages_done": 1, "pages_failed": 0, "pages_total": 1}


def test_a_page_that_does_not_exist_is_not_found(client: TestClient, bench: Bench) -> None:
    document = read_document(sign_in(client), bench, text_pdf(2))
    answer = client.get(f"/documents/{document['id']}/pages/3/image")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_page")
    assert "2" in answer.json()["detail"]


def test_pages_of_a_pdf_that_could_not_be_opened_are_not_found(client: TestClient, bench: Bench) -> None:
    document = read_document(sign_in(client), bench, b"%PDF-1.7\nnot much of a PDF")
    answer = client.get(f"/documents/{document['id']}/pages/1/image")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_page")


@pytest.mark.parametrize("query", ["scale=0", "scale=nan", "scale=11", "width=2001", "width=1", "width=90&scale=1"])
def test_sizes_that_cannot_be_are_refused(client: TestClient, query: str) -> None:
    document = uploaded(sign_in(client), text_pdf())
    answer = client.get(f"/documents/{document['id']}/pages/1/image?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


@pytest.mark.usefixtures("working")
def test_the_documents_password_opens_it_for_drawing(client: TestClient) -> None:
    document = uploaded(sign_in(client), encrypted_pdf("right"), password="right")
    answer = client.get(f"/documents/{document['id']}/pages/1/image?scale=1")
    assert answer.status_code == 200
    assert shows_something(answer.content)


@pytest.mark.parametrize("make", [untyped_pages_pdf, direct_pages_pdf])
def test_pages_of_a_repaired_document_are_drawn_from_the_copy(client: TestClient, bench: Bench, make: Any) -> None:
    document = read_document(sign_in(client), bench, make(3))
    assert document["repaired"] is True
    with bench.working():
        answer = client.get(f"/documents/{document['id']}/pages/3/image?scale=1")
    assert shows_something(answer.content)


def test_a_picture_that_is_not_there_may_be_answered_by_nothing(client: TestClient, bench: Bench) -> None:
    document = read_document(sign_in(client), bench, unreal_page_pdf())
    with bench.working():
        refused = client.get(f"/documents/{document['id']}/pages/2/image")
        empty = client.get(f"/documents/{document['id']}/pages/2/image?missing=empty")
    assert (refused.status_code, empty.status_code, empty.content) == (409, 204, b"")


def test_what_cannot_be_drawn_says_so_and_is_not_tried_for_ever(
    client: TestClient, bench: Bench, database: Database
) -> None:
    document = read_document(sign_in(client), bench, unreal_page_pdf())
    assert document["page_count"] == 2
    with bench.working():
        for _ in range(2):
            answer = client.get(f"/documents/{document['id']}/pages/2/image")
            assert (answer.status_code, answer.json()["code"]) == (409, "page_not_drawn")
            assert "no_such_page" in answer.json()["detail"]
    with database.unit_of_work() as session:
        assert session.exec(select(Job.state).where(Job.kind == "rendering")).all() == ["failed"]
        session.execute(text("UPDATE renditions SET created_at = created_at - interval '11 minutes'"))
    with bench.working():
        assert client.get(f"/documents/{document['id']}/pages/2/image").status_code == 409
    assert client.get("/jobs?kind=rendering").json()["total"] == 2


def test_a_failed_rendering_can_be_retried_as_a_job(client: TestClient, bench: Bench) -> None:
    document = read_document(sign_in(client), bench, unreal_page_pdf())
    with bench.working():
        client.get(f"/documents/{document['id']}/pages/2/image")
    (failed,) = client.get("/jobs?kind=rendering").json()["data"]
    assert failed["error"] == {
        "code": "no_such_page",
        "message": "The PDF has no such page that could be drawn.",
        "retryable": False,
    }
    again = client.post(f"/jobs/{failed['id']}/retry").json()
    assert (again["kind"], again["retry_of"]) == ("rendering", failed["id"])
    assert client.get(f"/documents/{document['id']}").json()["job"]["kind"] == "extraction"


def test_a_canceled_rendering_draws_nothing_and_may_be_asked_for_again(
    client: TestClient, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    url = f"/documents/{document['id']}/pages/1/image?width=50"
    with monkeypatch.context() as patched:
        patched.setattr("api.documents.renditions.WAIT_S", 0.1)
        client.get(url)
    (job,) = client.get("/jobs?kind=rendering").json()["data"]
    assert client.post(f"/jobs/{job['id']}/cancel").json()["state"] == "canceled"
    with bench.working():
        assert client.get(url).status_code == 200


def test_a_page_that_pdfplumber_cannot_read_can_be_drawn(client: TestClient, bench: Bench) -> None:
    document = read_document(sign_in(client), bench, one_bad_page_pdf(3, bad=2))
    with bench.working():
        assert client.get(f"/documents/{document['id']}/pages/2/image").status_code == 200


def test_a_picture_that_the_store_lost_is_drawn_again(client: TestClient, bench: Bench, settings: Settings) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    url = f"/documents/{document['id']}/pages/1/image?width=50"
    originals = set(blobs_of(settings))
    with bench.working():
        drawn = client.get(url).content
        (stored,) = set(blobs_of(settings)) - originals
        stored.unlink()
        assert client.get(url).status_code == 503
        assert client.get(url).content == drawn


def test_deleting_a_document_erases_its_pictures(
    client: TestClient, bench: Bench, database: Database, settings: Settings
) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    with bench.working():
        client.get(f"/documents/{document['id']}/pages/1/image")
        client.get(f"/documents/{document['id']}/pages/1/image?width=50")
    assert len(blobs_of(settings)) == 3
    assert all(found.holds for found in audit_database(database))
    assert all(found.holds for found in audit_blobs(database, BlobStore(settings.storage)))
    assert client.delete(f"/documents/{document['id']}").status_code == 204
    assert blobs_of(settings) == []
    with database.unit_of_work() as session:
        assert session.exec(select(Rendition)).all() == []
        assert session.execute(text("SELECT count(*) FROM unowned_blobs")).scalar_one() == 0


class DeletingStore(BlobStore):
    """A store to which something happens just before a picture is written."""

    def __init__(self, url: str, happen: Callable[[], object]) -> None:
        super().__init__(url)
        self._happen = happen

    def put(self, key: str, content: bytes) -> None:
        self._happen()
        super().put(key, content)


def test_a_picture_drawn_while_its_document_is_deleted_leaves_nothing_for_long(
    client: TestClient,
    bench: Bench,
    database: Database,
    settings: Settings,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    with monkeypatch.context() as patched:
        patched.setattr("api.documents.renditions.WAIT_S", 0.1)
        client.get(f"/documents/{document['id']}/pages/1/image")
    (bell,) = bench.dispatch()
    blobs = DeletingStore(settings.storage, lambda: client.delete(f"/documents/{document['id']}"))
    runner = Runner(
        database,
        blobs,
        sandbox,
        limits=Limits.from_settings(settings),
        key=settings.secret_key,
        presence=bench.presence,
    )
    runner.look_at(bell.part_id, bell.dispatch_seq)
    with database.unit_of_work() as session:
        assert session.exec(select(Part)).all() == []
        assert session.execute(text("SELECT count(*) FROM unowned_blobs")).scalar_one() == 1


def test_the_oldest_pictures_give_way_beyond_the_budget(
    client: TestClient, bench: Bench, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    with bench.working():
        for width in (100, 101, 102):
            size = len(client.get(f"/documents/{document['id']}/pages/1/image?width={width}").content)
            monkeypatch.setattr(renditions, "BUDGET_BYTES", 2 * size + 50)
    with database.unit_of_work() as session:
        names = session.exec(select(Rendition.name)).all()
        assert set(names) == {"page 1 101px png", "page 1 102px png"}
        assert session.execute(text("SELECT count(*) FROM unowned_blobs")).scalar_one() == 1


def test_a_strangers_pages_are_not_found(client: TestClient, bench: Bench) -> None:
    document = read_document(sign_in(client), bench, text_pdf())
    sign_in(client, "eve@example.org")
    for path in ("pages/1/image", "info"):
        answer = client.get(f"/documents/{document['id']}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")

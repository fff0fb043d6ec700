"""Renaming, deleting and extracting documents again."""

import zlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from shared.database import Database
from shared.page_content import inflate
from shared.settings import Settings
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded


def rows(database: Database) -> dict[str, int]:
    tables = ("documents", "jobs", "parts", "attempts", "pages")
    with database.unit_of_work() as session:
        return {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}  # noqa: S608 — our own names.


def stored_files(settings: Settings) -> list[Path]:
    return [path for path in (settings.sheaf_data / "blobs").rglob("*") if path.is_file()]


def test_a_document_is_renamed(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    answer = client.patch(f"/documents/{document['id']}", json={"filename": "../new\u202e name.pdf"})
    assert (answer.status_code, answer.json()["filename"]) == (200, "new name.pdf")
    assert answer.json()["rev"] > document["rev"]


@pytest.mark.parametrize("body", [{"filename": ""}, {}, {"filename": "a", "owner_id": 2}])
def test_an_odd_name_is_refused(client: TestClient, body: dict[str, object]) -> None:
    document = uploaded(sign_in(client), text_pdf())
    assert client.patch(f"/documents/{document['id']}", json=body).status_code == 422


def test_a_deleted_document_leaves_nothing(
    client: TestClient, bench: Bench, database: Database, settings: Settings
) -> None:
    document = uploaded(sign_in(client), text_pdf(2))
    bench.run_all()
    assert client.delete(f"/documents/{document['id']}").status_code == 204
    assert set(rows(database).values()) == {0}
    assert stored_files(settings) == []
    assert client.get("/users/me").status_code == 200
    with database.unit_of_work() as session:
        assert session.execute(text("SELECT sum(storage_used) FROM users")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM unowned_blobs")).scalar_one() == 0


def test_no_table_and_no_file_remembers_a_deleted_document(
    client: TestClient, bench: Bench, database: Database, settings: Settings
) -> None:
    content = text_pdf(2, text="Page {number} says quagga")
    document = uploaded(sign_in(client), content, password="zyzzyva")
    bench.run_all()
    client.patch(f"/documents/{document['id']}", json={"filename": "xylophone.pdf"})
    client.post(f"/documents/{document['id']}/jobs", json={"pages": "1"})
    known = traces(database)
    marks = [document["id"], document["job"]["id"], document["sha256"], "quagga", "xylophone"]
    assert [mark for mark in marks if mark not in known] == [], "What is not there before proves nothing afterwards."
    client.delete(f"/documents/{document['id']}")
    left = traces(database, but="events")
    assert [mark for mark in marks if mark in left] == []
    assert [
        mark for mark in marks[2:] if mark in traces(database)
    ] == []  # News tells ids, and nothing else, for a week.
    assert [path for path in settings.sheaf_data.rglob("*") if path.is_file() and b"%PDF-" in path.read_bytes()] == []


def traces(database: Database, *, but: str = "") -> str:
    """Return all rows of all tables but one as text, with what is compressed in them unpacked."""
    with database.unit_of_work() as session:
        tables = session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        rows = [row for table in tables if table != but for row in session.execute(text(f'SELECT * FROM "{table}"'))]  # noqa: S608 — Postgres's own names.
    return "\n".join(_readable(value) for row in rows for value in row)


def _readable(value: object) -> str:
    if not isinstance(value, bytes):
        return str(value)
    try:
        return inflate(value).decode()
    except zlib.error:
        return value.decode("latin-1")


def test_what_belonged_to_a_deleted_document_is_not_found(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    client.delete(f"/documents/{document['id']}")
    for path in (f"/documents/{document['id']}", f"/jobs/{document['job']['id']}"):
        assert client.get(path).status_code == 404
    assert client.delete(f"/documents/{document['id']}").status_code == 404


def test_a_document_is_deleted_while_it_is_read(client: TestClient, bench: Bench, database: Database) -> None:
    document = uploaded(sign_in(client), text_pdf(3))
    (bell,) = bench.dispatch()
    client.delete(f"/documents/{document['id']}")
    bench.runner.look_at(bell.part_id, bell.dispatch_seq)
    assert set(rows(database).values()) == {0}


def test_the_same_file_is_new_after_it_was_deleted(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    client.delete(f"/documents/{document['id']}")
    assert uploaded(client, text_pdf())["id"] != document["id"]


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("DELETE", ""), ("POST", "/jobs")])
def test_another_users_document_is_not_found(client: TestClient, method: str, path: str) -> None:
    document = uploaded(sign_in(client), text_pdf())
    sign_in(client, "eve@example.org")
    answer = client.request(method, f"/documents/{document['id']}{path}", json={"filename": "x"} if not path else {})
    if method == "DELETE":
        answer = client.delete(f"/documents/{document['id']}")
    assert answer.status_code == 404


def test_other_pages_are_extracted_on_request(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(3), pages="1")
    bench.run_all()
    answer = client.post(f"/documents/{document['id']}/jobs", json={"pages": "2-3"})
    assert (answer.status_code, answer.json()["document_id"]) == (202, document["id"])
    assert client.get(f"/documents/{document['id']}").json()["job"]["id"] == answer.json()["id"]
    bench.run_all()
    pages = client.get(f"/documents/{document['id']}/pages").json()["data"]
    assert [page["number"] for page in pages] == [2, 3]


def test_an_equal_open_extraction_is_answered_again(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf(3))
    answer = client.post(f"/documents/{document['id']}/jobs", json={})
    assert (answer.json()["id"], answer.json()["reused"]) == (document["job"]["id"], True)


def test_a_new_extraction_takes_no_unknown_wishes(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    answer = client.post(f"/documents/{document['id']}/jobs", json={"state": "succeeded"})
    assert answer.status_code == 422

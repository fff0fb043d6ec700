"""What a document says of itself, as clients get it: decoded, dated, bounded, and nothing that does harm."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from shared.database import Database
from shared.models import Job
from tests.pdf_files import encrypted_pdf, rich_pdf, text_pdf, untyped_pages_pdf
from tests.work import Bench, sign_in, uploaded


def information(client: TestClient, bench: Bench, pdf: bytes, **fields: str) -> dict[str, Any]:
    document = uploaded(client, pdf, **fields)
    with bench.working():
        answer = client.get(f"/documents/{document['id']}/info")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_everything_a_document_says_of_itself(client: TestClient, bench: Bench) -> None:
    said = information(sign_in(client), bench, rich_pdf())
    assert said["metadata"] == {
        "title": "Über",
        "author": "Ada",
        "subject": None,
        "keywords": None,
        "creator": None,
        "producer": None,
        "created_at": "2024-02-29T10:30:00Z",
        "modified_at": None,
        "other": {"ModDate": "soon", "Custom": "something else", "Trapped": "False"},
    }
    assert said["outline"] == [
        {"level": 1, "title": "One", "page": 1},
        {"level": 2, "title": "Outside", "page": None},
        {"level": 1, "title": "Two", "page": 2},
    ]
    assert said["page_labels"] == ["i", "A-1"]
    assert said["form_fields"] == [
        {"name": "person.name", "type": "text", "value": "Ada Lovelace"},
        {"name": "agreed", "type": "button", "value": "Yes"},
    ]
    assert said["attachments"] == [{"name": "data.csv", "size": 12, "media_type": "text/csv"}]
    assert (said["encrypted"], said["truncated"]) == (False, [])


def test_links_have_places_and_nothing_that_a_browser_would_execute(client: TestClient, bench: Bench) -> None:
    said = information(sign_in(client), bench, rich_pdf())
    assert said["links"] == [
        {"page": 2, "bbox": [72.0, 72.0, 172.0, 92.0], "uri": uri}
        for uri in ("https://example.org/a?b=c", "mailto:ada@example.org")
    ]


def test_a_document_that_says_nothing(client: TestClient, bench: Bench) -> None:
    said = information(sign_in(client), bench, text_pdf())
    assert {name: value for name, value in said.items() if value} == {"metadata": said["metadata"]}
    assert not any(said["metadata"].values())


@pytest.mark.parametrize("entry", ["Outlines", "Names", "AcroForm", "PageLabels"])
def test_a_damaged_part_costs_only_itself(client: TestClient, bench: Bench, entry: str) -> None:
    said = information(sign_in(client), bench, rich_pdf(**{entry: b"(no dictionary)"}))
    assert said["metadata"]["title"] == "Über"
    assert len(said["links"]) == 2


def test_an_encrypted_document_is_asked_with_its_password(client: TestClient, bench: Bench) -> None:
    assert information(sign_in(client), bench, encrypted_pdf("right"), password="right")["encrypted"] is True


def test_without_the_password_it_is_said_what_is_missing(client: TestClient, bench: Bench, database: Database) -> None:
    document = uploaded(sign_in(client), encrypted_pdf("right"))
    with bench.working():
        answer = client.get(f"/documents/{document['id']}/info")
        assert (answer.status_code, answer.json()["code"]) == (409, "information_not_read")
        assert "password_required" in answer.json()["detail"]
        client.post(f"/documents/{document['id']}/jobs", json={"password": "right"})
        client.get(f"/documents/{document['id']}?wait=5")
        assert client.get(f"/documents/{document['id']}/info").json()["encrypted"] is True
    with database.unit_of_work() as session:
        kinds = session.exec(select(Job.kind, Job.state).where(Job.kind == "information").order_by(col(Job.id))).all()
        assert [tuple(row) for row in kinds] == [("information", "failed"), ("information", "succeeded")]


def test_a_repaired_document_is_asked_as_its_copy(client: TestClient, bench: Bench) -> None:
    assert information(sign_in(client), bench, untyped_pages_pdf(2))["truncated"] == []


def test_the_answer_is_kept_and_has_an_etag(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), rich_pdf())
    with bench.working():
        first = client.get(f"/documents/{document['id']}/info")
    again = client.get(f"/documents/{document['id']}/info", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")

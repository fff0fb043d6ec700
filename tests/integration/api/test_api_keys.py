"""API keys over HTTP: made once, shown once, and good for what their scopes say on every route."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.scopes import NEEDED
from shared.database import Database
from tests.pdf_files import text_pdf
from tests.work import PASSWORD, sign_in, upload, uploaded

EVERY = ["documents:read", "documents:write", "chat"]


def make_key(client: TestClient, *scopes: str, **more: Any) -> dict[str, Any]:
    answer = client.post("/api-keys", json={"name": "import", "scopes": scopes or EVERY, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def holder(client: TestClient, key: str) -> TestClient:
    """Return a client of the same process that knows nothing but the key."""
    return TestClient(client.app, headers={"Authorization": f"Bearer {key}"}, raise_server_exceptions=False)


def make_admin(database: Database) -> None:
    with database.unit_of_work() as session:
        session.execute(text("UPDATE users SET role = 'admin'"))


def test_a_key_is_shown_once_and_kept_as_a_digest(client: TestClient, database: Database) -> None:
    made = make_key(sign_in(client))
    assert made["key"].startswith("sheaf_")
    assert made["key"].startswith(made["prefix"])
    (listed,) = client.get("/api-keys").json()["data"]
    assert listed == {name: made[name] for name in made if name != "key"}
    with database.unit_of_work() as session:
        assert made["key"] not in str(session.execute(text("SELECT * FROM api_keys")).all())


def test_a_key_uploads_reads_and_deletes(client: TestClient) -> None:
    program = holder(client, make_key(sign_in(client))["key"])
    document = uploaded(program, text_pdf())
    assert program.get(f"/jobs/{document['job']['id']}").status_code == 200
    assert program.delete(f"/documents/{document['id']}").status_code == 204


def test_a_reading_key_changes_nothing(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    program = holder(client, make_key(client, "documents:read")["key"])
    assert program.get("/documents").status_code == 200
    assert program.get(f"/documents/{document['id']}/text").status_code == 200
    refused = [
        upload(program, text_pdf()),
        program.patch(f"/documents/{document['id']}", json={"filename": "x.pdf"}),
        program.delete(f"/documents/{document['id']}"),
        program.post(f"/documents/{document['id']}/jobs", json={}),
        program.post(f"/jobs/{document['job']['id']}/cancel"),
        program.get("/users"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(403, "scope_missing")}
    assert "documents:write" in refused[0].json()["detail"]


def test_a_writing_key_reads_nothing(client: TestClient) -> None:
    program = holder(client, make_key(sign_in(client), "documents:write")["key"])
    uploaded(program, text_pdf())
    assert program.get("/documents").status_code == 403


def test_a_chat_key_finds_people_and_no_documents(client: TestClient) -> None:
    program = holder(client, make_key(sign_in(client), "chat")["key"])
    assert program.get("/users").status_code == 200
    assert program.get("/documents").status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api-keys"),
        ("POST", "/api-keys"),
        ("DELETE", "/api-keys/01990000-0000-7000-8000-000000000000"),
        ("GET", "/sessions"),
        ("DELETE", "/sessions"),
        ("POST", "/logout"),
        ("POST", "/password/change"),
        ("PATCH", "/users/me"),
        ("POST", "/email/verify/resend"),
    ],
)
def test_no_key_can_take_the_account_over(client: TestClient, method: str, path: str) -> None:
    program = holder(client, make_key(sign_in(client))["key"])
    body = {
        "POST /api-keys": {"name": "more", "scopes": ["chat"]},
        "POST /password/change": {"old": PASSWORD, "new": "another password"},
        "PATCH /users/me": {"name": "Eve"},
    }.get(f"{method} {path}")
    answer = program.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_any_key_says_whose_it_is(client: TestClient) -> None:
    program = holder(client, make_key(sign_in(client), "chat")["key"])
    assert program.get("/users/me").json()["email"] == "ada@example.org"
    assert program.get("/limits").status_code == 200


def test_an_admin_key_administers_only_while_its_owner_does(client: TestClient, database: Database) -> None:
    refused = sign_in(client).post("/api-keys", json={"name": "x", "scopes": ["admin"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_yours")
    make_admin(database)
    program = holder(client, make_key(client, "admin")["key"])
    assert program.get("/admin/users").status_code == 200
    assert holder(client, make_key(client)["key"]).get("/admin/users").json()["code"] == "scope_missing"
    with database.unit_of_work() as session:
        session.execute(text("UPDATE users SET role = 'user'"))
    assert program.get("/admin/users").json()["code"] == "admins_only"


def test_a_deleted_key_stops_at_once(client: TestClient) -> None:
    made = make_key(sign_in(client))
    assert client.delete(f"/api-keys/{made['id']}").status_code == 204
    answer = holder(client, made["key"]).get("/documents")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_an_expired_key_stops(client: TestClient, database: Database) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    program = holder(client, make_key(sign_in(client), expires_at=tomorrow)["key"])
    assert program.get("/documents").status_code == 200
    with database.unit_of_work() as session:
        session.execute(text("UPDATE api_keys SET expires_at = now()"))
    assert program.get("/documents").json()["code"] == "token_expired"


def test_the_key_of_an_account_that_is_switched_off_stops(client: TestClient, database: Database) -> None:
    program = holder(client, make_key(sign_in(client))["key"])
    with database.unit_of_work() as session:
        session.execute(text("UPDATE users SET is_active = false"))
    assert program.get("/documents").status_code == 401


def test_the_last_use_is_kept(client: TestClient) -> None:
    made = make_key(sign_in(client))
    assert made["last_used_at"] is None
    holder(client, made["key"]).get("/documents")
    assert client.get("/api-keys").json()["data"][0]["last_used_at"] is not None


def test_keys_of_others_are_not_there(client: TestClient) -> None:
    made = make_key(sign_in(client))
    sign_in(client, "eve@example.org")
    assert client.delete(f"/api-keys/{made['id']}").status_code == 404
    assert client.get("/api-keys").json()["total"] == 0


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["everything"]}, "/scopes/0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2099-01-01T00:00:00"}, "/expires_at"),
        ({"user_id": 1}, "/user_id"),
    ],
)
def test_a_bad_wish_is_named(client: TestClient, change: dict[str, Any], pointer: str) -> None:
    answer = sign_in(client).post("/api-keys", json={"name": "x", "scopes": ["chat"], **change})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_every_route_says_what_a_key_needs_for_it(client: TestClient) -> None:
    operations = [
        operation for path in client.get("/openapi.json").json()["paths"].values() for operation in path.values()
    ]
    signed_in = [operation for operation in operations if operation.get("security")]
    assert signed_in
    assert {operation["tags"][-1] for operation in signed_in} <= set(NEEDED)

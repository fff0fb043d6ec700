"""What browsers and attackers meet everywhere: headers, exact origins, errors that tell nothing, closed doors."""

import asyncio
import os
import threading
import time

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.resources import Resources, in_hashing_thread
from shared.settings import Settings
from tests.pdf_files import text_pdf
from tests.work import PASSWORD, sign_in, uploaded

EVIL = "https://evil.example.org"
PUBLIC = {
    "register",
    "login",
    "token",
    "refresh",
    "openPageSession",
    "refreshPageSession",
    "forgotPassword",
    "resetPassword",
    "verifyEmail",
    "livez",
    "readyz",
}


@pytest.mark.parametrize("path", ["/livez", "/users/me", "/nowhere", "/docs", "/openapi.json", "/defect"])
def test_every_answer_has_the_headers_that_protect(settings: Settings, path: str) -> None:
    app = create_app(settings)

    @app.get("/defect")
    def defect() -> None:
        raise RuntimeError

    with TestClient(app, raise_server_exceptions=False) as client:
        headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_data_may_load_nothing(client: TestClient) -> None:
    assert client.get("/livez").headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_documents_keep_rules_of_their_own(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    assert client.get(f"/documents/{document['id']}").headers["Cache-Control"] == "private, no-cache"
    assert "sandbox" in client.get(f"/documents/{document['id']}/file").headers["Content-Security-Policy"]


def test_tls_is_demanded_where_it_is_promised(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"public_url": "https://sheaf.example.org"}))) as client:
        assert client.get("/livez").headers["Strict-Transport-Security"].startswith("max-age=")


def test_no_foreign_origin_reads_any_answer(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            answer = client.request(method, path, headers={"Origin": EVIL})
            asked = client.options(path, headers={"Origin": EVIL, "Access-Control-Request-Method": method.upper()})
            assert "access-control-allow-origin" not in answer.headers
            assert "access-control-allow-origin" not in asked.headers


def test_nobody_gets_in_without_a_token(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            if operation["operationId"] not in PUBLIC:
                answer = client.request(method, path.replace("{", "").replace("}", ""))
                assert answer.status_code in (401, 422), (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
                assert operation["security"], (method, path)


@pytest.mark.parametrize("field", ["id", "role", "is_active", "storage_quota", "email_verified_at", "owner_id"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/register"), ("PATCH", "/users/me")])
def test_nobody_assigns_what_is_not_offered(client: TestClient, method: str, path: str, field: str) -> None:
    body: dict[str, object] = {"name": "Ada", field: 1}
    if path == "/register":
        body |= {"email": "bob@example.org", "password": PASSWORD}
    answer = sign_in(client).request(method, path, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")


def test_a_crowd_at_the_door_takes_few_threads(settings: Settings) -> None:
    """Passwords are hashed by as many at once as there are cores; those inside keep the other threads."""
    resources: Resources = create_app(settings).state.resources
    inside, most = 0, 0
    counting = threading.Lock()

    def hash_slowly() -> None:
        nonlocal inside, most
        with counting:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        with counting:
            inside -= 1

    async def crowd() -> None:
        await asyncio.gather(*(in_hashing_thread(resources, hash_slowly) for _ in range(30)))

    asyncio.run(crowd())
    assert 1 <= most <= (os.cpu_count() or 1)

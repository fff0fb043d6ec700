"""Errors of every kind have one shape, whoever raised them."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from shared.settings import Settings

MEMBERS = {"type", "title", "status", "detail", "code", "error", "request_id", "retryable"}


@pytest.mark.parametrize(
    ("method", "url", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/login", 405, "method_not_allowed"),
        ("POST", "/login", 422, "validation_error"),
        ("GET", "/users", 401, "unauthenticated"),
    ],
)
def test_the_frameworks_errors_are_problem_details_too(
    client: TestClient, method: str, url: str, status: int, code: str
) -> None:
    answer = client.request(method, url)
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) - {"errors"} == MEMBERS
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["error"] == body["title"]
    assert answer.headers["X-Request-Id"] == body["request_id"]


def test_a_defect_tells_no_secrets(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/defect")
    def defect() -> None:
        raise RuntimeError("the secret path /etc/passwd")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/defect")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"] != ""


def test_a_lost_database_is_unavailable_not_a_defect(settings: Settings) -> None:
    gone = settings.model_copy(update={"database_url": "postgresql+psycopg://u:p@127.0.0.1:1/x"})
    with TestClient(create_app(gone), raise_server_exceptions=False) as client:
        answer = client.post("/login", json={"email": "a@b.org", "password": "12345678"})
        ready = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert (ready.status_code, ready.json()["checks"]["postgres"]) == (503, "down")
    assert ready.json()["checks"]["broker"] == "ok"


def test_a_callers_request_id_is_kept_when_it_is_harmless(client: TestClient) -> None:
    assert client.get("/livez", headers={"X-Request-Id": "abc-12345"}).headers["X-Request-Id"] == "abc-12345"
    assert client.get("/livez", headers={"X-Request-Id": "<script>x"}).headers["X-Request-Id"] != "<script>x"


def test_readyz_is_degraded_until_somebody_can_work(client: TestClient) -> None:
    body = client.get("/readyz").json()
    assert body["status"] == "degraded"
    assert body["checks"] == {"postgres": "ok", "broker": "ok", "dispatcher": "none", "worker": "none"}


def test_a_broker_that_is_gone_only_degrades(settings: Settings) -> None:
    gone = settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"})
    with TestClient(create_app(gone)) as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["broker"] == "down"


def test_no_foreign_origin_is_answered_unless_it_is_listed(settings: Settings) -> None:
    listed = settings.model_copy(update={"cors_origins": ("https://app.example",)})
    with TestClient(create_app(listed)) as client:
        allowed = client.get("/livez", headers={"Origin": "https://app.example"})
        foreign = client.get("/livez", headers={"Origin": "https://evil.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in foreign.headers


def test_every_operation_is_described(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all("_" not in name and operation["summary"] for name, operation in zip(names, operations, strict=True))


def test_docs_need_no_internet(client: TestClient) -> None:
    assert "://" not in client.get("/docs").text
    assert client.get("/", follow_redirects=False).headers["location"] == "/docs"


def chunks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * 1024


@pytest.mark.parametrize("body", [b" " * 300_000, chunks(300)], ids=["announced", "chunked"])
def test_a_body_that_is_absurdly_large_is_refused(client: TestClient, body: bytes | Iterator[bytes]) -> None:
    answer = client.post("/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "content_too_large"

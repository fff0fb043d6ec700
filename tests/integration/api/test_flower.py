"""Who gets through to Flower, with what, and what is said where it does not answer."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from flower.urls import handlers
from sqlalchemy import text
from tornado.routing import URLSpec

from api.app import create_app
from shared.settings import Settings
from tests.work import PASSWORD, sign_in, sign_in_admin

ORIGIN = {"Origin": "http://127.0.0.1"}
PATTERNS = [handler.regex.pattern if isinstance(handler, URLSpec) else handler[0] for handler in handlers]
PATHS = [
    pattern.rstrip("$").replace("(.+)", "x").replace("(.*)", "x").replace("/?", "").replace(".*", "/x")
    for pattern in PATTERNS
]


class Upstream(ThreadingHTTPServer):
    """A server in Flower's place that notes what reaches it and tries to give cookies."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Noting)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Noting(BaseHTTPRequestHandler):
    server: Upstream

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, headers, body))
        self.send_response(self.server.status)
        for name, value in {
            "Content-Type": "text/html",
            "Content-Length": "5",
            "Set-Cookie": "_xsrf=1",
            "WWW-Authenticate": "Basic",
            "Location": f"{self.server.url}/flower/tasks",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"pages")

    do_POST = do_GET  # noqa: N815 — The base class calls it so.

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def root(settings: Settings, upstream: Upstream) -> Iterator[TestClient]:
    """An administrator of an API whose Flower is the server above."""
    own = settings.model_validate(
        {**settings.model_dump(), "flower_url": upstream.url, "flower_basic_auth": "sheaf:secret"}
    )
    app = create_app(own)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield sign_in_admin(client)


def by_cookie(client: TestClient) -> TestClient:
    """Let the client go on with the cookies of the web page."""
    del client.headers["Authorization"]
    body = {"email": "root@example.org", "password": PASSWORD}
    assert client.post("/session", json=body, headers=ORIGIN).status_code < 300
    return client


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_of_flower_is_there_for_strangers_and_ordinary_users(client: TestClient, method: str) -> None:
    every = ["/flower", *(f"/flower{path}" for path in PATHS)]
    assert len(every) > 25
    answers = {path: client.request(method, path, follow_redirects=False) for path in every}
    assert {path for path, answer in answers.items() if answer.status_code != 401} == set()
    assert answers["/flower/"].headers["content-type"] == "application/problem+json"
    sign_in(client)
    answers = {path: client.request(method, path, follow_redirects=False) for path in every}
    assert {path for path, answer in answers.items() if answer.json()["code"] != "admins_only"} == set()


def test_no_credential_of_ours_reaches_flower_and_no_cookie_of_it_comes_back(
    root: TestClient, upstream: Upstream
) -> None:
    answer = by_cookie(root).post("/flower/api/task/revoke/a%2Fb?terminate=1", content=b"x=1", headers=ORIGIN)
    assert (answer.status_code, answer.content) == (200, b"pages")
    assert not {"set-cookie", "www-authenticate"} & answer.headers.keys()
    ((method, path, headers, body),) = upstream.asked
    assert (method, path, body) == ("POST", "/flower/api/task/revoke/a%2Fb?terminate=1", b"x=1")
    assert headers["authorization"].startswith("Basic ")
    assert not {"cookie", "origin", "x-request-id"} & headers.keys()


def test_what_is_done_in_flower_is_written_down_before_it_is_passed_on(root: TestClient, upstream: Upstream) -> None:
    path = "/flower/api/worker/queue/cancel-consumer/worker@host?x=1"
    root.post(path, content=b"queue=bulk\0")
    root.get("/flower/tasks")
    root.post("/flower/tasks/datatable", content=b"draw=1")
    (action,) = root.get("/admin/actions").json()["data"]
    assert (action["deed"], action["target"]) == ("flower_used", path)
    assert action["details"] == {"method": "POST", "sent": "queue=bulk\ufffd"}
    assert len(upstream.asked) == 3


def test_redirects_lead_to_our_own_address(root: TestClient) -> None:
    assert root.get("/flower/").headers["location"] == "/flower/tasks"
    assert root.get("/flower", follow_redirects=False).headers["location"] == "/flower/"


def test_its_pages_may_run_their_own_scripts_and_are_kept_by_nobody_else(root: TestClient) -> None:
    headers = root.get("/flower/").headers
    assert "script-src 'self' 'sha256-" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}])
def test_a_page_of_somebody_else_can_do_nothing_in_flower(
    root: TestClient, upstream: Upstream, headers: dict[str, str]
) -> None:
    answer = by_cookie(root).post("/flower/api/worker/shutdown/worker@host", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert upstream.asked == []


def test_whoever_is_demoted_or_signed_out_is_out_of_flower_at_once(root: TestClient) -> None:
    assert root.get("/flower/").status_code == 200
    with root.app.state.resources.database.unit_of_work() as session:  # type: ignore[attr-defined]  # It is ours.
        session.execute(text("UPDATE users SET role = 'user'"))
    assert root.get("/flower/").status_code == 403
    assert root.post("/logout").status_code == 204
    assert root.get("/flower/").status_code == 401


def test_a_key_needs_the_scope_of_administrators(root: TestClient) -> None:
    keys = {
        scope: root.post("/api-keys", json={"name": scope, "scopes": [scope]}).json()["key"]
        for scope in ("admin", "documents:read")
    }
    given = {scope: {"Authorization": f"Bearer {key}"} for scope, key in keys.items()}
    assert root.get("/flower/", headers=given["admin"]).status_code == 200
    assert root.get("/flower/", headers=given["documents:read"]).json()["code"] == "scope_missing"


def test_a_secret_that_flower_does_not_take_is_no_sign_in_of_the_browser(root: TestClient, upstream: Upstream) -> None:
    upstream.status = 401
    answer = root.get("/flower/")
    assert (answer.status_code, answer.json()["code"]) == (503, "flower_unavailable")
    assert "FLOWER_BASIC_AUTH" in answer.json()["detail"]


def test_without_flower_it_is_said_how_to_start_it(settings: Settings) -> None:
    nobody = settings.model_copy(update={"flower_url": "http://127.0.0.1:1"})
    with TestClient(create_app(nobody), raise_server_exceptions=False) as lonely:
        answer = sign_in_admin(lonely).get("/flower/")
    assert (answer.status_code, answer.json()["code"]) == (503, "flower_unavailable")
    assert "Procfile" in answer.json()["detail"]

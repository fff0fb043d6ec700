"""Sessions over HTTP: refresh tokens that rotate, ending sessions here and elsewhere, and the page's cookies."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from shared.database import Database
from shared.settings import Settings
from shared.sign_ins import forget_expired
from tests.work import PASSWORD, sign_in

ADA = {"email": "ada@example.org", "password": PASSWORD}
PAGE = "https://sheaf.example.org"
EVIL = "https://evil.example.org"


def signed_in(client: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = client.post("/login", json=ADA).json()
    return body


def by(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def spend(client: TestClient, token: str) -> dict[str, Any]:
    body: dict[str, Any] = client.post("/refresh", json={"refresh_token": token}).json()
    return body


@pytest.fixture
def elsewhere(client: TestClient) -> TestClient:
    """Another connection to the same process."""
    return TestClient(client.app, client=("203.0.113.9", 40000), raise_server_exceptions=False)


@pytest.fixture
def page(settings: Settings) -> Iterator[TestClient]:
    """Give a browser's view of an installation behind TLS, with an account."""
    public = settings.model_copy(update={"public_url": PAGE})
    with TestClient(create_app(public), base_url=PAGE, headers={"Origin": PAGE}) as client:
        client.post("/register", json={**ADA, "name": "Ada"})
        yield client


def test_a_lost_answer_can_be_asked_for_again_within_ten_seconds(client: TestClient, elsewhere: TestClient) -> None:
    first = signed_in(sign_in(client))["refresh_token"]
    lost, repeated = spend(client, first), spend(elsewhere, first)
    assert repeated["refresh_token"] == lost["refresh_token"]
    assert client.get("/users/me", headers=by(repeated["access_token"])).status_code == 200


def test_a_lost_answer_is_not_given_twice_once_it_was_used(client: TestClient, elsewhere: TestClient) -> None:
    first = signed_in(sign_in(client))["refresh_token"]
    second = spend(client, first)["refresh_token"]
    third = spend(client, second)["refresh_token"]
    assert spend(elsewhere, first)["code"] == "token_reused"
    assert spend(client, third)["code"] == "invalid_refresh_token"


def test_after_ten_seconds_a_spent_token_is_a_stolen_one(
    client: TestClient, elsewhere: TestClient, database: Database
) -> None:
    first = signed_in(sign_in(client))["refresh_token"]
    second = spend(client, first)
    with database.unit_of_work() as session:
        session.execute(text("UPDATE refresh_tokens SET spent_at = spent_at - interval '11 s'"))
    assert spend(elsewhere, first)["code"] == "token_reused"
    assert client.get("/users/me", headers=by(second["access_token"])).status_code == 401
    assert spend(client, second["refresh_token"])["code"] == "invalid_refresh_token"


def test_no_token_is_stored_as_it_is(client: TestClient, database: Database) -> None:
    token = signed_in(sign_in(client))["refresh_token"]
    with database.unit_of_work() as session:
        rows = str(session.execute(text("SELECT * FROM refresh_tokens, sessions")).all())
    assert token not in rows


def test_logging_out_ends_both_tokens_in_every_process(client: TestClient, settings: Settings) -> None:
    tokens = signed_in(sign_in(client))
    assert client.post("/logout", headers=by(tokens["access_token"])).status_code == 204
    with TestClient(create_app(settings)) as other_process:
        assert other_process.get("/users/me", headers=by(tokens["access_token"])).status_code == 401
        assert spend(other_process, tokens["refresh_token"])["code"] == "invalid_refresh_token"
    assert client.get("/users/me").status_code == 200


def test_one_sees_where_one_is_signed_in_and_ends_it_there(client: TestClient) -> None:
    other = signed_in(sign_in(client))
    newest, oldest = client.get("/sessions", headers={"User-Agent": "x"}).json()["data"]
    assert (newest["current"], oldest["current"]) == (False, True)
    assert newest["address"] == "testclient"
    assert client.delete(f"/sessions/{newest['id']}").status_code == 204
    assert client.get("/users/me", headers=by(other["access_token"])).status_code == 401
    assert [row["id"] for row in client.get("/sessions").json()["data"]] == [oldest["id"]]


def test_all_sessions_end_at_once(client: TestClient) -> None:
    other = signed_in(sign_in(client))
    assert client.delete("/sessions").status_code == 204
    assert client.get("/users/me").status_code == 401
    assert client.get("/users/me", headers=by(other["access_token"])).status_code == 401


def test_sessions_of_others_are_not_there(client: TestClient) -> None:
    (mine,) = sign_in(client).get("/sessions").json()["data"]
    sign_in(client, "eve@example.org")
    assert client.delete(f"/sessions/{mine['id']}").status_code == 404
    assert mine["id"] not in client.get("/sessions").text


def test_expired_sign_ins_are_forgotten(client: TestClient, database: Database) -> None:
    sign_in(client)
    with database.unit_of_work() as session:
        assert forget_expired(session) == 0
        session.execute(text("UPDATE sessions SET expires_at = now() - interval '1 s'"))
        assert forget_expired(session) == 1
        assert session.execute(text("SELECT count(*) FROM refresh_tokens")).scalar_one() == 0


def test_the_page_gets_its_tokens_in_cookies_that_scripts_cannot_read(page: TestClient) -> None:
    answer = page.post("/session", json=ADA)
    assert answer.status_code == 200
    assert set(answer.json()) == {"expires_in", "user"}
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-sheaf_session", "__Host-sheaf_refresh"]
    for cookie in cookies:
        assert {"httponly", "secure", "path=/", "samesite=strict"} <= set(cookie.lower().split("; "))
    assert page.get("/users/me").json()["email"] == ADA["email"]


def test_without_tls_the_cookies_are_plain(client: TestClient) -> None:
    sign_in(client)
    (first, _) = client.post("/session", json=ADA).headers.get_list("set-cookie")
    assert first.startswith("sheaf_session=")
    assert "secure" not in first.lower()


def test_the_page_goes_on_with_its_session_and_ends_it(page: TestClient) -> None:
    page.post("/session", json=ADA)
    before = dict(page.cookies)
    assert page.post("/session/refresh").status_code == 200
    assert page.cookies["__Host-sheaf_refresh"] != before["__Host-sheaf_refresh"]
    assert page.delete("/session").status_code == 204
    assert dict(page.cookies) == {}
    access = {"Cookie": f"__Host-sheaf_session={before['__Host-sheaf_session']}"}
    assert page.get("/users/me", headers=access).status_code == 401


@pytest.mark.parametrize("origin", [EVIL, "null", "", PAGE + ".evil.example.org", "http://sheaf.example.org"])
@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/users/me"), ("DELETE", "/session"), ("POST", "/session/refresh")]
)
def test_a_foreign_page_cannot_act_by_the_cookie(page: TestClient, method: str, path: str, origin: str) -> None:
    page.post("/session", json=ADA)
    body = {"name": "Eve"} if method == "PATCH" else None
    answer = page.request(method, path, json=body, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


def test_a_foreign_page_cannot_sign_its_visitors_in(page: TestClient) -> None:
    assert page.post("/session", json=ADA, headers={"Origin": EVIL}).status_code == 403


def test_our_own_page_acts_by_the_cookie(page: TestClient) -> None:
    page.post("/session", json=ADA)
    assert page.patch("/users/me", json={"name": "Ada King"}).status_code == 200


def test_the_authorization_header_wins_and_needs_no_origin(page: TestClient) -> None:
    page.post("/session", json=ADA)
    token = page.post("/register", json={**ADA, "email": "bob@example.org", "name": "Bob"}).json()["access_token"]
    answer = page.patch("/users/me", json={"name": "Rob"}, headers={**by(token), "Origin": EVIL})
    assert answer.json()["email"] == "bob@example.org"
    assert page.get("/users/me", headers={"Authorization": "Basic eDp5"}).status_code == 401


@contextmanager
def served_as(settings: Settings, base_url: str) -> Iterator[TestClient]:
    with ExitStack() as stack:
        client = stack.enter_context(TestClient(create_app(settings), base_url=base_url))
        client.post("/register", json={**ADA, "name": "Ada"})
        client.post("/session", json=ADA)
        yield client


@pytest.mark.parametrize(
    ("host", "status"), [("http://127.0.0.1:8000", 200), ("http://localhost:8000", 200), ("http://rebound.test", 403)]
)
def test_this_machines_own_page_needs_no_setting(settings: Settings, host: str, status: int) -> None:
    with served_as(settings, host) as client:
        answer = client.patch("/users/me", json={"name": "Ada King"}, headers={"Origin": host})
    assert answer.status_code == status


def test_a_session_lasts_as_long_as_it_is_used(client: TestClient, database: Database, settings: Settings) -> None:
    token = signed_in(sign_in(client))["refresh_token"]
    with database.unit_of_work() as session:
        session.execute(text("UPDATE sessions SET expires_at = now() + interval '1 h'"))
    spend(client, token)
    newest = client.get("/sessions").json()["data"][0]
    with database.unit_of_work() as session:
        left = session.execute(text("SELECT max(expires_at) - now() FROM sessions")).scalar_one()
    assert left > timedelta(days=settings.refresh_token_days - 1)
    assert newest["expires_at"] > newest["last_used_at"]

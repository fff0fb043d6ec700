"""Administration over HTTP: who may, what it changes, and the administrator who must remain."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session

from shared.database import Database
from tests.pdf_files import text_pdf
from tests.work import PASSWORD, Bench, sign_in, sign_in_admin, upload, uploaded


@pytest.fixture
def root(client: TestClient) -> TestClient:
    """Sign the client in as an administrator, account 1."""
    return sign_in_admin(client)


@pytest.fixture
def ada(root: TestClient) -> TestClient:
    """Give another client of the same process, signed in as account 2."""
    return sign_in(TestClient(root.app, raise_server_exceptions=False))


def change(client: TestClient, user_id: int, **fields: Any) -> dict[str, Any]:
    answer = client.patch(f"/admin/users/{user_id}", json=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_only_administrators_administer(client: TestClient) -> None:
    assert client.get("/admin/users").status_code == 401
    assert client.patch("/admin/users/1", json={}).status_code == 401
    sign_in(client)
    assert client.get("/admin/users").status_code == 403
    assert client.patch("/admin/users/1", json={"role": "admin"}).json()["code"] == "admins_only"


def test_all_accounts_are_listed_and_found(root: TestClient, ada: TestClient) -> None:
    change(root, 2, active=False)
    listed = root.get("/admin/users").json()
    assert [user["email"] for user in listed["data"]] == ["ada@example.org", "root@example.org"]
    assert listed["data"][0]["active"] is False
    assert listed["data"][0]["last_seen_at"] is not None
    assert root.get("/admin/users", params={"q": "ADA"}).json()["total"] == 1
    assert ada.get("/users/me").status_code == 401


def test_an_account_that_is_switched_off_stops_and_does_not_come_back_signed_in(
    root: TestClient, ada: TestClient
) -> None:
    change(root, 2, active=False)
    assert ada.get("/users/me").status_code == 401
    assert ada.post("/login", json={"email": "ada@example.org", "password": PASSWORD}).status_code == 401
    change(root, 2, active=True)
    assert ada.get("/users/me").status_code == 401
    assert ada.post("/login", json={"email": "ada@example.org", "password": PASSWORD}).status_code == 200


def test_a_role_counts_at_once(root: TestClient, ada: TestClient) -> None:
    assert change(root, 2, role="admin")["role"] == "admin"
    assert ada.get("/admin/users").status_code == 200
    change(ada, 1, role="user")
    assert root.get("/admin/users").status_code == 403


@pytest.mark.parametrize("fields", [{"role": "user"}, {"active": False}])
def test_the_last_administrator_remains(root: TestClient, ada: TestClient, fields: dict[str, Any]) -> None:
    answer = root.patch("/admin/users/1", json=fields)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert root.get("/admin/users").status_code == 200
    assert change(root, 1, quota=5)["quota"] == 5
    assert change(root, 2, quota=5)["role"] == "user"
    assert ada.get("/users/me").json()["storage_quota"] == 5


def until_waiting(session: Session, count: int) -> None:
    """Return once so many statements of this database wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(100):
        session.execute(text("SELECT pg_stat_clear_snapshot()"))
        if session.execute(text(waiting)).scalar_one() >= count:
            return
        time.sleep(0.05)
    raise AssertionError("They did not come to wait.")


def test_two_administrators_cannot_demote_each_other_at_once(
    root: TestClient, ada: TestClient, database: Database
) -> None:
    """Both are held up at the same moment, when each would still see the other as an administrator."""
    change(root, 2, role="admin")

    def demote(client: TestClient, user_id: int) -> int:
        return client.patch(f"/admin/users/{user_id}", json={"role": "user"}).status_code

    with ThreadPoolExecutor(2) as pool:
        with database.unit_of_work() as session:
            session.execute(text("SELECT 1 FROM users FOR UPDATE"))
            first, second = pool.submit(demote, root, 2), pool.submit(demote, ada, 1)
            until_waiting(session, 2)
        assert sorted((first.result(), second.result())) == [200, 409]


def test_a_storage_quota_holds(root: TestClient, ada: TestClient) -> None:
    change(root, 2, quota=10)
    answer = upload(ada, text_pdf())
    assert (answer.status_code, answer.json()["code"]) == (507, "quota_exceeded")
    change(root, 2, quota=None)
    uploaded(ada, text_pdf())


def test_a_quota_of_open_jobs_holds(root: TestClient, ada: TestClient, bench: Bench) -> None:
    change(root, 2, open_jobs=1)
    uploaded(ada, text_pdf(text="one"))
    answer = upload(ada, text_pdf(text="two"))
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_open_jobs")
    bench.run_all()
    uploaded(ada, text_pdf(text="two"))


def test_a_quota_of_pages_a_day_holds(root: TestClient, ada: TestClient, bench: Bench, database: Database) -> None:
    change(root, 2, pages_per_day=2)
    uploaded(ada, text_pdf(text="one"))
    uploaded(ada, text_pdf(text="two"))
    bench.run_all()
    answer = upload(ada, text_pdf(text="three"))
    assert (answer.status_code, answer.json()["code"]) == (429, "daily_pages_used")
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_400
    assert ada.get("/limits").json()["quota"]["pages_last_day"] == 2
    with database.unit_of_work() as session:
        session.execute(text("UPDATE jobs SET created_at = created_at - interval '1 day'"))
    uploaded(ada, text_pdf(text="three"))


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"role": "emperor"}, "/role"),
        ({"role": None}, "/role"),
        ({"quota": -1}, "/quota"),
        ({"quota": 2**63}, "/quota"),
        ({"email": "x@example.org"}, "/email"),
        ({"is_active": False}, "/is_active"),
    ],
)
def test_a_bad_change_is_named(root: TestClient, fields: dict[str, Any], pointer: str) -> None:
    answer = root.patch("/admin/users/1", json=fields)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize(("user_id", "status"), [(999, 404), (0, 422), (2**31, 422)])
def test_an_account_that_is_not_there_is_not_found(root: TestClient, user_id: int, status: int) -> None:
    assert root.patch(f"/admin/users/{user_id}", json={"active": True}).status_code == status


def test_everybody_sees_what_is_allowed(ada: TestClient) -> None:
    uploaded(ada, text_pdf())
    limits = ada.get("/limits").json()
    assert (limits["max_upload_bytes"], limits["max_pages"]) == (2 * 2**20, 50)
    assert limits["rates"]["login"].startswith("5/minute")
    assert limits["quota"]["storage_used"] == len(text_pdf())
    assert limits["quota"]["open_jobs_used"] == 1
    assert limits["quota"]["open_jobs"] == 1000

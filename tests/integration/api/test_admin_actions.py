"""What administrators do is written down: who, when, what, to whom, by which request; and it stays as it was."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared import delivery
from shared.clock import now
from shared.database import Database
from shared.settings import Settings
from tests.pdf_files import encrypted_pdf
from tests.work import Bench, sign_in, sign_in_admin, uploaded

ROOT, ADA = 1, 2
REQUEST = {"X-Request-Id": "a-request-of-root"}


@pytest.fixture
def root(client: TestClient) -> TestClient:
    return sign_in_admin(client)


@pytest.fixture
def ada(root: TestClient) -> TestClient:
    return sign_in(TestClient(root.app, raise_server_exceptions=False))


def actions(client: TestClient, **wanted: Any) -> list[dict[str, Any]]:
    answer = client.get("/admin/actions", params=wanted)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def failed_job(owner: TestClient, bench: Bench) -> str:
    job_id: str = uploaded(owner, encrypted_pdf("secret"))["job"]["id"]
    bench.run_all()
    return job_id


def write(client: TestClient, address: str) -> None:
    assert client.post("/emails", json={"to": address, "subject": "Hello", "body": "There."}).status_code == 202


def test_only_administrators_read_what_administrators_did(client: TestClient) -> None:
    assert client.get("/admin/actions").status_code == 401
    assert sign_in(client).get("/admin/actions").json()["code"] == "admins_only"


@pytest.mark.usefixtures("ada")
def test_a_change_of_an_account_is_written_down_with_what_it_was_before(root: TestClient) -> None:
    root.patch("/admin/users/2", json={"role": "admin", "quota": 5, "active": True}, headers=REQUEST)
    (action,) = actions(root)
    assert now() - datetime.fromisoformat(action.pop("at")) < timedelta(minutes=1)
    del action["id"]
    assert action == {
        "deed": "account_changed",
        "admin_id": ROOT,
        "account_id": ADA,
        "target": "/admin/users/2",
        "details": {"quota": [None, 5], "role": ["user", "admin"]},
        "request_id": "a-request-of-root",
    }


@pytest.mark.usefixtures("ada")
def test_switching_off_and_on_are_two_actions_and_changing_nothing_is_none(root: TestClient) -> None:
    for change in ({"active": False}, {"active": False}, {"active": True}, {}):
        assert root.patch("/admin/users/2", json=change).status_code == 200
    assert [action["details"] for action in actions(root)] == [{"active": [False, True]}, {"active": [True, False]}]


def test_what_is_refused_was_not_done(root: TestClient) -> None:
    assert root.patch("/admin/users/1", json={"role": "user"}).status_code == 409
    assert actions(root) == []


def test_a_retry_is_written_down_once_for_its_owner(root: TestClient, ada: TestClient, bench: Bench) -> None:
    job_id = failed_job(ada, bench)
    again, _ = [root.post(f"/admin/jobs/{job_id}/retry", headers={"Idempotency-Key": "once"}) for _ in range(2)]
    (action,) = actions(root)
    assert (action["deed"], action["account_id"], action["target"]) == ("job_retried", ADA, f"/admin/jobs/{job_id}")
    assert action["details"] == {"again": again.json()["id"]}


def test_each_of_many_jobs_that_are_tried_again_is_written_down(
    root: TestClient, ada: TestClient, bench: Bench
) -> None:
    jobs = {failed_job(owner, bench): number for owner, number in ((root, ROOT), (ada, ADA))}
    assert root.post("/admin/jobs/retry", json={"code": "password_required"}).status_code == 202
    assert {action["target"]: action["account_id"] for action in actions(root)} == {
        f"/admin/jobs/{job_id}": owner for job_id, owner in jobs.items()
    }


def test_reading_mails_of_others_is_written_down_and_reading_ones_own_is_not(root: TestClient, ada: TestClient) -> None:
    write(root, "root@example.org")
    assert {mail["owner_id"] for mail in root.get("/admin/emails").json()["data"]} == {ROOT}
    assert actions(root) == []
    write(ada, "ada@example.org")
    root.get("/admin/emails")
    assert [(action["deed"], action["details"]) for action in actions(root)] == [("mails_read", {"owners": [ADA]})]


@pytest.mark.usefixtures("ada")
def test_a_lifted_suppression_names_the_account_and_no_address(
    root: TestClient, database: Database, settings: Settings
) -> None:
    with database.unit_of_work() as session:
        delivery.suppress(session, "ada@example.org", key=settings.secret_key, reason="550 5.1.1 no such user")
    root.delete("/admin/suppressed-addresses", params={"address": " Ada@example.org"})
    (action,) = actions(root)
    assert (action["deed"], action["account_id"]) == ("suppression_lifted", ADA)
    assert "ada@" not in str(action)


def test_actions_are_found_by_who_to_whom_and_what(root: TestClient, ada: TestClient) -> None:
    write(ada, "ada@example.org")
    root.patch("/admin/users/2", json={"quota": 1})
    root.patch("/admin/users/1", json={"quota": 2})
    root.get("/admin/emails")
    assert len(actions(root, admin_id=ROOT)) == 3
    assert actions(root, admin_id=ADA) == []
    assert [action["target"] for action in actions(root, account_id=ADA)] == ["/admin/users/2"]
    assert [action["deed"] for action in actions(root, deed="mails_read")] == ["mails_read"]


@pytest.mark.parametrize(
    "statement", ["UPDATE admin_actions SET admin_id = 2", "DELETE FROM admin_actions", "TRUNCATE admin_actions"]
)
def test_nothing_that_was_written_down_is_changed_or_taken_away(
    root: TestClient, database: Database, statement: str
) -> None:
    root.patch("/admin/users/1", json={"quota": 5})
    with pytest.raises(IntegrityError, match="only added"), database.unit_of_work() as session:
        session.execute(text(statement))
    assert len(actions(root)) == 1

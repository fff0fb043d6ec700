"""Queues and everybody's jobs as administrators see them, and failed ones that they have tried again."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from kombu import Connection, Producer
from sqlalchemy import text

from api.app import create_app
from api.jobs.service import queue_rendition
from shared.broker import EXCHANGE, QUEUES, celery_settings
from shared.database import Database
from shared.models import Document, JobKind
from shared.settings import Settings
from tests.pdf_files import encrypted_pdf, text_pdf
from tests.population import Population
from tests.work import Bench, sign_in, sign_in_admin, uploaded


@pytest.fixture
def root(client: TestClient) -> TestClient:
    return sign_in_admin(client)


@pytest.fixture
def ada(root: TestClient) -> TestClient:
    return sign_in(TestClient(root.app, raise_server_exceptions=False))


@pytest.fixture
def deaf(settings: Settings) -> Iterator[TestClient]:
    """An API whose broker does not answer."""
    silent = settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0", "rate_limits": "off"})
    with TestClient(create_app(silent), raise_server_exceptions=False) as client:
        yield sign_in_admin(client)


def queues(client: TestClient) -> dict[str, dict[str, Any]]:
    answer = client.get("/admin/queues")
    assert answer.status_code == 200, answer.text
    return {card["name"]: card for card in answer.json()["queues"]}


def end_as(bench: Bench, state: str, code: str = "worker_lost") -> None:
    """Let every open job look as if it had ended so."""
    with bench.database.unit_of_work() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE parts SET state = 'dead' WHERE state = 'queued'"))
        ended = """
            UPDATE jobs SET state = :state, finished_at = now(), error_code = :code, error_retryable = :again
            WHERE state = 'queued'"""
        session.execute(text(ended), {"state": state, "code": code, "again": code == "worker_lost"})


@pytest.mark.parametrize("path", ["/admin/queues", "/admin/jobs", "/admin/jobs/0199a000-0000-7000-8000-000000000000"])
def test_only_administrators_see_the_work_of_all(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert sign_in(client).get(path).json()["code"] == "admins_only"


@pytest.mark.parametrize("path", ["/admin/jobs/retry", "/admin/jobs/0199a000-0000-7000-8000-000000000000/retry"])
def test_only_administrators_try_jobs_of_others_again(client: TestClient, path: str) -> None:
    assert client.post(path).status_code == 401
    assert sign_in(client).post(path).status_code == 403


def test_every_queue_is_shown_and_is_empty_at_first(root: TestClient) -> None:
    found = queues(root)
    assert set(found) == set(QUEUES)
    assert {(card["waiting"], card["oldest_age_s"], card["broker_length"]) for card in found.values()} == {(0, None, 0)}


def test_what_waits_and_what_is_under_way_is_counted_by_queue(root: TestClient, ada: TestClient, bench: Bench) -> None:
    uploaded(ada, text_pdf())
    time.sleep(0.05)
    found = queues(root)["interactive"]
    assert (found["waiting"], found["dispatched"], found["running"]) == (1, 0, 0)
    assert 0.05 <= found["oldest_age_s"] < 30
    bench.dispatch()
    assert (queues(root)["interactive"]["waiting"], queues(root)["interactive"]["dispatched"]) == (0, 1)


def test_what_is_made_on_demand_has_a_queue_of_its_own(root: TestClient, ada: TestClient, bench: Bench) -> None:
    document_id = uploaded(ada, text_pdf())["id"]
    bench.run_all()
    with bench.database.unit_of_work() as session:
        document = session.get_one(Document, UUID(document_id))
        queue_rendition(session, document, JobKind.RENDERING, name="page 1", options={})
    assert {name: card["waiting"] for name, card in queues(root).items() if card["waiting"]} == {"render": 1}


def test_what_waits_for_another_try_is_delayed_and_not_old(root: TestClient, database: Database) -> None:
    Population(database).crash("crashed")
    found = queues(root)["interactive"]
    assert (found["delayed"], found["waiting"], found["oldest_age_s"]) == (1, 0, None)


def test_a_part_that_was_taken_back_is_lost_once_each_time(root: TestClient, database: Database) -> None:
    Population(database).die("dead")
    assert {name: card["lost"] for name, card in queues(root).items() if card["lost"]} == {"interactive": 3}


def test_messages_in_the_broker_are_counted(root: TestClient, settings: Settings) -> None:
    queue = next(q for q in celery_settings(settings)["task_queues"] if q.name == "bulk")
    with Connection(settings.broker_url) as connection:
        Producer(connection).publish({}, exchange=EXCHANGE, routing_key="bulk", declare=[queue])
    assert {name: card["broker_length"] for name, card in queues(root).items() if card["broker_length"]} == {"bulk": 1}


def test_a_broker_that_is_away_takes_nothing_but_its_own_figures_along(deaf: TestClient) -> None:
    answer = deaf.get("/admin/queues").json()
    assert answer["broker"] == {"reachable": False}
    assert {card["broker_length"] for card in answer["queues"]} == {None}


def test_workers_and_the_dispatcher_are_shown_with_their_heartbeats(root: TestClient, bench: Bench) -> None:
    bench.announce(slots=3)
    with bench.database.unit_of_work() as session:
        session.execute(text("UPDATE workers SET heartbeat_at = now() - interval '1 min' WHERE pool = 'mailers'"))
    found = root.get("/admin/queues").json()
    assert [(card["pool"], card["slots"], card["alive"]) for card in found["workers"]] == [
        ("readers", 3, True),
        ("mailers", 3, False),
    ]
    assert 60 <= found["workers"][1]["heartbeat_age_s"] < 90
    assert found["dispatcher"] == {"leads": False, "heartbeat_age_s": None}


def test_jobs_of_all_are_listed_with_their_owners_and_filtered(root: TestClient, ada: TestClient, bench: Bench) -> None:
    uploaded(ada, text_pdf())
    bench.run_all()
    uploaded(root, encrypted_pdf("secret"))
    bench.run_all()
    listed = root.get("/admin/jobs", params={"kind": "extraction"}).json()
    assert [job["owner"]["email"] for job in listed["data"]] == ["root@example.org", "ada@example.org"]
    failed = root.get("/admin/jobs", params={"state": "failed", "code": "password_required"}).json()
    assert [job["owner"]["id"] for job in failed["data"]] == [1]
    assert root.get("/admin/jobs", params={"owner_id": 2, "kind": "extraction", "state": "failed"}).json()["total"] == 0
    assert root.get("/admin/queues").json()["failed_24h"] == 1


def test_a_job_shows_its_attempts(root: TestClient, ada: TestClient, bench: Bench) -> None:
    job = uploaded(ada, text_pdf(3))["job"]["id"]
    bench.run_all()
    (attempt,) = root.get(f"/admin/jobs/{job}").json()["attempts"]
    assert (attempt["worker_id"], attempt["outcome"], attempt["pages_done"]) == ("bench/1", "succeeded", 3)


def test_a_job_of_somebody_is_tried_again_for_its_owner(root: TestClient, ada: TestClient, bench: Bench) -> None:
    first = uploaded(ada, text_pdf())["job"]["id"]
    end_as(bench, "failed")
    answer = root.post(f"/admin/jobs/{first}/retry")
    assert (answer.status_code, answer.json()["retry_of"], answer.json()["owner"]["id"]) == (202, first, 2)
    assert root.get(answer.headers["Location"]).json()["state"] == "queued"
    assert ada.get(f"/jobs/{answer.json()['id']}").status_code == 200
    assert root.post(f"/admin/jobs/{first}/retry").json()["reused"] is True


def test_all_that_failed_for_a_reason_of_ours_is_tried_again_once(
    root: TestClient, ada: TestClient, bench: Bench
) -> None:
    ours = [uploaded(ada, text_pdf(text=name))["job"]["id"] for name in "ab"]
    end_as(bench, "failed")
    theirs = uploaded(ada, text_pdf(text="c"))["job"]["id"]
    end_as(bench, "failed", "damaged_pdf")
    answer = root.post("/admin/jobs/retry").json()
    assert ([job["retry_of"] for job in answer["retried"]], answer["more"]) == (ours, False)
    assert root.post("/admin/jobs/retry").json()["retried"] == []
    by_code = root.post("/admin/jobs/retry", json={"code": "damaged_pdf"}).json()
    assert [job["retry_of"] for job in by_code["retried"]] == [theirs]


def test_nobody_gets_more_tried_again_than_allowed(root: TestClient, ada: TestClient, bench: Bench) -> None:
    for name in "ab":
        uploaded(ada, text_pdf(text=name))
    end_as(bench, "failed")
    assert root.patch("/admin/users/2", json={"open_jobs": 1}).status_code == 200
    answer = root.post("/admin/jobs/retry").json()
    assert len(answer["retried"]) == 1
    assert [refused["code"] for refused in answer["refused"]] == ["too_many_open_jobs"]


def test_no_more_are_tried_again_than_asked_for(root: TestClient, ada: TestClient, bench: Bench) -> None:
    for name in "ab":
        uploaded(ada, text_pdf(text=name))
    end_as(bench, "failed")
    answer = root.post("/admin/jobs/retry", json={"limit": 1}).json()
    assert (len(answer["retried"]), answer["more"]) == (1, True)

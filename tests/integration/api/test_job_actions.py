"""Stopping jobs and trying them again, and what happens when both come at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded


def job_of(client: TestClient, document: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/documents/{document['id']}").json()["job"]
    return answer


def fail_pages(bench: Bench) -> None:
    """Let the last two pages of every document look as if they had failed, and their jobs be partial."""
    with bench.database.unit_of_work() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE pages SET error_code = 'page_timeout', content = NULL WHERE number > 1"))
        session.execute(text("UPDATE jobs SET state = 'partial', pages_done = 1, pages_failed = 2"))


def test_a_waiting_job_is_canceled_at_once(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    answer = client.post(f"/jobs/{document['job']['id']}/cancel")
    assert (answer.status_code, answer.json()["state"], answer.json()["done"]) == (202, "canceled", True)
    assert client.get(f"/documents/{document['id']}").json()["status"] == "canceled"


def test_canceling_twice_is_no_fault(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    codes = [client.post(f"/jobs/{document['job']['id']}/cancel").status_code for _ in range(2)]
    assert codes == [202, 200]


def test_a_finished_job_cannot_be_canceled(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf())
    bench.run_all()
    answer = client.post(f"/jobs/{document['job']['id']}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_finished")


def test_a_canceled_job_never_runs(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf())
    bells = bench.dispatch()
    client.post(f"/jobs/{document['job']['id']}/cancel")
    for bell in bells:
        bench.runner.look_at(bell.part_id, bell.dispatch_seq)
    assert job_of(client, document)["attempt"] == 0


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_another_users_job_is_not_found(client: TestClient, action: str) -> None:
    document = uploaded(sign_in(client), text_pdf())
    sign_in(client, "eve@example.org")
    assert client.post(f"/jobs/{document['job']['id']}/{action}").status_code == 404


def test_a_retry_is_a_new_job_that_reads_only_what_is_missing(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(3))
    bench.run_all()
    fail_pages(bench)
    first = document["job"]["id"]
    answer = client.post(f"/jobs/{first}/retry")
    assert (answer.status_code, answer.json()["retry_of"], answer.json()["reused"]) == (202, first, False)
    assert answer.headers["Location"] == f"/jobs/{answer.json()['id']}"
    bench.run_all()
    again = job_of(client, document)
    assert (again["id"], again["state"]) == (answer.json()["id"], "succeeded")
    with bench.database.unit_of_work() as session:
        read = session.execute(text("SELECT pages_done FROM attempts ORDER BY started_at")).scalars().all()
    assert read == [3, 2]


def test_an_open_retry_is_answered_again(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    first = document["job"]["id"]
    client.post(f"/jobs/{first}/cancel")
    retries = [client.post(f"/jobs/{first}/retry").json() for _ in range(2)]
    assert retries[0]["id"] == retries[1]["id"]
    assert [retry["reused"] for retry in retries] == [False, True]


def test_a_succeeded_job_has_nothing_to_retry(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf())
    bench.run_all()
    answer = client.post(f"/jobs/{document['job']['id']}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retry")


def test_an_open_job_cannot_be_retried(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    answer = client.post(f"/jobs/{document['job']['id']}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_finished")


def test_a_retry_with_a_key_is_queued_once(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    client.post(f"/jobs/{document['job']['id']}/cancel")
    headers = {"Idempotency-Key": "again"}
    answers = [client.post(f"/jobs/{document['job']['id']}/retry", headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotency-Replayed"] == "true"


def test_cancels_and_runs_at_the_same_moment_end_in_one_state(client: TestClient, bench: Bench) -> None:
    sign_in(client)
    documents = [uploaded(client, text_pdf(2, text=f"{n}")) for n in range(10)]
    with ThreadPoolExecutor(4) as pool:
        running = pool.submit(bench.run_all)
        answers = list(pool.map(lambda d: client.post(f"/jobs/{d['job']['id']}/cancel").status_code, documents))
        running.result()
    bench.run_all()
    assert set(answers) <= {202, 409}
    states = {job_of(client, document)["state"] for document in documents}
    assert states <= {"succeeded", "canceled"}


def test_a_deadline_that_passes_ends_the_job(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(), deadline_s="3600")
    with bench.database.unit_of_work() as session:
        session.execute(text("UPDATE parts SET deadline_at = now() - interval '1 s'"))
    bench.expire()
    job = job_of(client, document)
    assert (job["state"], job["error"]["code"]) == ("failed", "deadline_passed")


@pytest.mark.parametrize("deadline", ["0", "-1", "soon", "1e99", "nan"])
def test_an_odd_deadline_is_refused(client: TestClient, deadline: str) -> None:
    files = {"file": ("a.pdf", text_pdf(), "application/pdf")}
    answer = sign_in(client).post("/documents", files=files, data={"deadline_s": deadline})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/deadline_s")

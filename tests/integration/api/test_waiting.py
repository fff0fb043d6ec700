"""Long polls: answers that come when something happened, not when somebody asks again."""

import threading
import time
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, upload, uploaded


def soon(work: Callable[[], object], *, after: float = 0.3) -> threading.Timer:
    timer = threading.Timer(after, work)
    timer.start()
    return timer


@pytest.mark.parametrize("url", ["/documents/{id}", "/jobs/{job}"])
def test_wait_holds_the_answer_until_the_job_is_done(client: TestClient, bench: Bench, url: str) -> None:
    document = uploaded(sign_in(client), text_pdf(2))
    working = soon(bench.run_all)
    started = time.monotonic()
    body = client.get(url.format(id=document["id"], job=document["job"]["id"]), params={"wait": 8}).json()
    working.join()
    assert (body.get("job") or body)["state"] == "succeeded"
    assert time.monotonic() - started < 7


def test_wait_ends_when_its_time_is_over(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    started = time.monotonic()
    assert client.get(f"/documents/{document['id']}", params={"wait": 0.5}).json()["status"] == "queued"
    assert time.monotonic() - started >= 0.5


@pytest.mark.parametrize("url", ["/documents/{id}", "/jobs/{job}"])
def test_with_rev_any_change_answers(client: TestClient, bench: Bench, url: str) -> None:
    document = uploaded(sign_in(client), text_pdf(2))
    address = url.format(id=document["id"], job=document["job"]["id"])
    assert client.get(address, params={"wait": 5, "rev": 0}).json()
    working = soon(bench.run_all)
    seen = client.get(address, params={"wait": 8, "rev": document["rev"]}).json()
    working.join()
    assert (seen.get("job") or seen)["state"] in ("running", "succeeded")


def test_an_upload_can_wait_for_its_result(client: TestClient, bench: Bench) -> None:
    sign_in(client)
    working = bench.run_next_upload()
    answer = client.post("/documents", params={"wait": 8}, files={"file": ("x.pdf", text_pdf())})
    working.join()
    assert answer.status_code == 202
    assert answer.json()["status"] == "succeeded"
    assert answer.json()["page_count"] == 1
    assert "sheaves" in answer.json()["text_preview"]


@pytest.mark.parametrize("wait", ["-1", "31", "soon"])
def test_a_wait_out_of_range_is_refused(client: TestClient, wait: str) -> None:
    sign_in(client)
    document = upload(client, text_pdf()).json()
    assert client.get(f"/documents/{document['id']}", params={"wait": wait}).status_code == 422

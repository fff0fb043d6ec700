"""One PDF of many pages through the whole platform: read by all slots at once, page by page, and stopped on request."""

import time
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest

from shared.splitting import PART_PAGES
from tests.acceptance.api_client import ApiClient
from tests.pdf_files import lines_pdf
from tests.platforms import StartedPlatform, eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120), pytest.mark.xdist_group("big_pdf")]
PAGES = 300
LINES = 400
CANCELED_WITHIN_S = 5.0


def progress(api: ApiClient, document: dict[str, Any]) -> int:
    try:
        done: int = api.get(f"/documents/{document['id']}")["job"]["progress"]["pages_done"]
    except httpx.HTTPError:
        return -1
    return done


def ledger(started: StartedPlatform, document: dict[str, Any], question: str) -> Any:
    """Ask Postgres something about the parts of one document's jobs."""
    own = "WITH own AS (SELECT p.* FROM parts p JOIN jobs j ON j.id = job_id WHERE document_id = %s) "
    with psycopg.connect(started.note["DATABASE_URL"]) as connection:
        row = connection.execute((own + question).encode(), [document["id"]]).fetchone()
    assert row is not None
    return row[0]


def test_a_big_pdf_loses_no_page_although_its_worker_is_killed_three_times(
    started: StartedPlatform, api: ApiClient
) -> None:
    document = api.upload(lines_pdf(PAGES, lines=LINES))
    seen: set[int] = set()

    def reaches(pages: int) -> bool:
        seen.add(progress(api, document))
        return max(seen) >= pages

    for pages in (20, 80, 140):
        eventually(partial(reaches, pages), within_s=60)
        started.child("worker.app worker").kill()
    ended = api.wait(document)
    assert (ended["status"], ended["job"]["progress"]["pages_done"]) == ("succeeded", PAGES)
    attempts = "FROM attempts a JOIN own ON own.id = a.part_id"
    assert ledger(started, document, f"SELECT sum(pages_done) {attempts}") == PAGES
    assert ledger(started, document, f"SELECT count(*) {attempts} WHERE outcome = 'lost'") >= 3
    assert ledger(started, document, "SELECT count(*) FROM own") >= PAGES // PART_PAGES
    assert len(seen) > 20, "progress is shown page by page"


def test_a_running_job_is_canceled_within_five_seconds_and_its_worker_lives(
    started: StartedPlatform, api: ApiClient
) -> None:
    document = api.upload(lines_pdf(PAGES // 2, lines=LINES, said="canceled"))
    worker = started.child("worker.app worker").pid
    eventually(lambda: progress(api, document) > 5, within_s=30)
    asked = time.monotonic()
    assert api.post(f"/jobs/{document['job']['id']}/cancel").status_code == 202
    eventually(lambda: api.get(f"/documents/{document['id']}")["status"] == "canceled", within_s=CANCELED_WITHIN_S)
    assert time.monotonic() - asked < CANCELED_WITHIN_S
    assert started.child("worker.app worker").pid == worker
    kept = progress(api, document)
    again = api.post(f"/jobs/{document['job']['id']}/retry").json()
    assert again["progress"]["pages_done"] in (0, kept)
    assert api.wait(document)["job"]["progress"]["pages_done"] == PAGES // 2


def test_a_document_is_deleted_while_it_is_read(started: StartedPlatform, api: ApiClient) -> None:
    document = api.upload(lines_pdf(PAGES // 2, lines=LINES, said="deleted"))
    eventually(lambda: progress(api, document) > 5, within_s=30)
    assert api.delete(f"/documents/{document['id']}").status_code == 204
    assert ledger(started, document, "SELECT count(*) FROM own") == 0
    assert api.wait(api.upload(lines_pdf(1, lines=1, said="next")))["status"] == "succeeded"

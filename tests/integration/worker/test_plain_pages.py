"""Pages that pdfplumber itself read are counted by the reason, and the job tells."""

from typing import Any

import structlog
from fastapi.testclient import TestClient
from sqlmodel import select

from shared.models import Page
from tests.pdf_files import procedure_pdf, text_pdf
from tests.work import Bench, sign_in, uploaded

REASON = "a procedure"


def job_of(client: TestClient, document: dict[str, Any]) -> dict[str, Any]:
    latest = client.get(f"/documents/{document['id']}").json()["job"]
    job: dict[str, Any] = client.get(f"/jobs/{latest['id']}").json()
    return job


def test_a_page_that_the_engine_left_to_pdfplumber_says_why(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), procedure_pdf(2))
    with structlog.testing.capture_logs() as logs:
        bench.run_all()
    with bench.database.unit_of_work() as session:
        assert session.exec(select(Page.plain_because)).all() == [REASON, REASON]
    assert job_of(client, document)["statistics"] == {"fallbacks": {REASON: 2}, "other_settings": 0}
    told = [log for log in logs if log["event"] == "pages left to pdfplumber"]
    assert [(log["pages"], log["because"]) for log in told] == [(2, {REASON: 2})]


def test_pages_read_with_other_settings_are_no_fallback(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(3))
    client.post(f"/documents/{document['id']}/jobs", json={"text_settings": {"x_tolerance": 1}})
    with structlog.testing.capture_logs() as logs:
        bench.run_all()
    assert job_of(client, document)["statistics"] == {"fallbacks": {}, "other_settings": 3}
    assert "pages left to pdfplumber" not in [log["event"] for log in logs]


def test_a_job_whose_pages_the_engine_read_has_no_statistics(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(2))
    bench.run_all()
    assert "statistics" not in job_of(client, document)


def test_lists_and_documents_show_no_statistics(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), procedure_pdf())
    bench.run_all()
    assert "statistics" not in client.get("/jobs").json()["data"][0]
    assert "statistics" not in client.get(f"/documents/{document['id']}").json()["job"]

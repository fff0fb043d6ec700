"""Metrics: who may read them, what they count, and that dashboard and alerts ask for nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from api.app import create_app
from shared import tallies
from shared.settings import Settings
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, sign_in_admin, uploaded

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "a token for Prometheus"
WATCHING = [ROOT / "deploy" / "grafana" / "sheaf.json", ROOT / "deploy" / "prometheus" / "alerts.yml"]
ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


@pytest.fixture
def scraped(settings: Settings) -> Iterator[TestClient]:
    """An API that knows a METRICS_TOKEN."""
    app = create_app(settings.model_validate({**settings.model_dump(), "metrics_token": TOKEN}))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def scrape(client: TestClient) -> list[Sample]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


def value(samples: list[Sample], name: str, **labels: str) -> float:
    return sum(one.value for one in samples if one.name == f"sheaf_{name}" and labels.items() <= one.labels.items())


def test_metrics_are_for_administrators(client: TestClient) -> None:
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).json()["code"] == "invalid_token"
    assert sign_in(client).get("/metrics").json()["code"] == "admins_only"
    answer = sign_in_admin(client).get("/metrics")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain")


def test_the_token_opens_nothing_else(scraped: TestClient) -> None:
    assert scrape(scraped)
    assert scraped.get("/admin/queues", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 401


def test_requests_are_counted_by_operation_and_status(scraped: TestClient) -> None:
    before = scrape(scraped)
    scraped.get("/jobs")
    scraped.get("/nowhere")
    after = scrape(scraped)
    for operation, status in (("listJobs", "401"), ("none", "404")):
        given = {"operation": operation, "status": status}
        assert value(after, "http_requests_total", **given) - value(before, "http_requests_total", **given) == 1
    assert value(after, "http_request_seconds_count", operation="listJobs") >= 1
    assert value(after, "http_requests_in_flight", type="http") == 1


def test_queues_and_workers_are_shown_as_they_are(scraped: TestClient, bench: Bench) -> None:
    bench.announce(slots=3)
    uploaded(sign_in(scraped), text_pdf())
    found = scrape(scraped)
    assert value(found, "parts", queue="interactive", state="waiting") == 1
    assert value(found, "queue_oldest_seconds", queue="interactive") > 0
    assert (value(found, "workers", pool="readers"), value(found, "worker_slots", pool="readers")) == (1, 3)
    assert (value(found, "database_up"), value(found, "broker_up"), value(found, "dispatcher_up")) == (1, 1, 0)
    assert value(found, "stored_bytes") == len(text_pdf())


def test_what_ended_is_shown_once_it_has_been_counted(scraped: TestClient, bench: Bench) -> None:
    uploaded(sign_in(scraped), text_pdf(2))
    bench.run_all()
    with bench.database.unit_of_work() as session:
        tallies.count(session, late_s=0)
    found = scrape(scraped)
    assert value(found, "jobs_ended_total", kind="extraction", state="succeeded") == 1
    assert value(found, "pages_read_total", reader="engine") == 2
    assert value(found, "job_seconds_bucket", kind="extraction", le="+Inf") == 1
    assert value(found, "page_seconds_count") == 2
    assert 0 < value(found, "job_seconds_sum", kind="extraction") < 60


def test_without_postgres_a_scrape_says_so(settings: Settings) -> None:
    away = settings.model_validate(
        {**settings.model_dump(), "metrics_token": TOKEN, "database_url": "postgresql://nobody@127.0.0.1:1/nothing"}
    )
    found = scrape(TestClient(create_app(away), raise_server_exceptions=False))
    assert value(found, "database_up") == 0
    assert not [one for one in found if one.name == "sheaf_parts"]


@pytest.mark.parametrize("file", WATCHING, ids=lambda file: file.name)
def test_every_metric_that_is_watched_exists(scraped: TestClient, file: Path) -> None:
    answer = scraped.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    offered = {
        family.name + ending
        for family in text_string_to_metric_families(answer.text)
        for ending in ENDINGS.get(family.type, ())
    }
    watched = set(re.findall(r"\bsheaf_\w+", file.read_text()))
    assert len(watched) > 8
    assert watched - offered == set()

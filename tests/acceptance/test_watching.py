"""Watching a working platform: Flower with all that it offers, behind our sign-in, and metrics of two API processes."""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.acceptance.api_client import ApiClient
from tests.pdf_files import text_pdf
from tests.platforms import StartedPlatform, eventually

TOKEN = "a token for Prometheus"
ENVIRONMENT = {"WEB_CONCURRENCY": "2", "METRICS_TOKEN": TOKEN}
pytestmark = [pytest.mark.processes, pytest.mark.timeout(120), pytest.mark.xdist_group("flower")]


def ask(started: StartedPlatform, path: str, *, known: bool = True) -> httpx.Response:
    user, _, password = started.note["FLOWER_BASIC_AUTH"].partition(":")
    url = f"http://127.0.0.1:{started.note['FLOWER_PORT']}/flower{path}"
    return httpx.get(url, auth=(user, password) if known else None, timeout=10)


def test_flower_is_closed_without_its_secret(started: StartedPlatform) -> None:
    eventually(lambda: answers(started), within_s=20)
    assert ask(started, "/api/workers", known=False).status_code == 401
    assert ask(started, "/", known=False).status_code in (401, 403)


def test_flower_shows_workers_queues_and_tasks(started: StartedPlatform, api: ApiClient) -> None:
    eventually(lambda: answers(started), within_s=20)
    eventually(lambda: shows_an_upload(started, api), within_s=30)
    eventually(lambda: workers(started) == {"worker", "mailer"}, within_s=30)
    eventually(lambda: queues(started) == {"interactive", "normal", "bulk", "render", "email"}, within_s=30)


def test_an_administrator_uses_flower_with_its_pages_assets_and_actions(
    started: StartedPlatform, api: ApiClient
) -> None:
    eventually(lambda: answers(started), within_s=20)
    assert api.fetch("/flower/").json()["code"] == "admins_only"
    promote(started)
    page = api.fetch("/flower/")
    assert "<title>Workers" in page.text
    assets = set(re.findall(r'(?:src|href)="(/flower/static/[^"]+)"', page.text))
    assert len(assets) > 5
    assert {api.fetch(asset).status_code for asset in assets} == {200}
    assert digests(page.text) <= set(page.headers["content-security-policy"].replace(";", " ").split())
    assert digests(api.fetch("/flower/tasks").text) == set()
    (worker,) = [name for name in api.get("/flower/api/workers", refresh=1) if name.startswith("worker@")]
    done = api.post(f"/flower/api/worker/queue/add-consumer/{worker}?queue=bulk")
    assert (done.status_code, "bulk" in done.json()["message"]) == (200, True)


def test_whichever_api_process_is_scraped_tells_what_all_of_them_did(started: StartedPlatform) -> None:
    before = answered(started, "livez")
    for _ in range(20):
        httpx.get(f"{started.address}/livez")  # Each over a connection of its own, which either process may take.
    assert {answered(started, "livez") - before for _ in range(6)} == {20}


def answered(started: StartedPlatform, operation: str) -> float:
    text = httpx.get(f"{started.address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    found = re.search(rf'sheaf_http_requests_total{{operation="{operation}",status="200"}} (\S+)', text)
    return float(found[1]) if found else 0.0


def digests(page: str) -> set[str]:
    """Return what a policy has to name for each script that stands in a page (CSP Level 3, section 2.3.1)."""
    scripts = filter(None, re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL))
    return {f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts}


def shows_an_upload(started: StartedPlatform, api: ApiClient) -> bool:
    """Upload something, and say whether Flower has heard of it, or of another one; at first it hears nothing yet."""
    api.wait(api.upload(text_pdf(text=uuid4().hex)))
    found = [task for task in tasks(started).values() if task["name"] == "sheaf.extraction"]
    return any(task["args"].startswith("/admin/jobs/") for task in found)


def promote(started: StartedPlatform) -> None:
    with psycopg.connect(started.note["DATABASE_URL"]) as connection:
        connection.execute("UPDATE users SET role = 'admin'")


def workers(started: StartedPlatform) -> set[str]:
    return {name.partition("@")[0] for name in ask(started, "/api/workers?refresh=1").json()}


def queues(started: StartedPlatform) -> set[str]:
    return {queue["name"] for queue in ask(started, "/api/queues/length").json()["active_queues"]}


def tasks(started: StartedPlatform) -> dict[str, Any]:
    found: dict[str, Any] = ask(started, "/api/tasks").json()
    return found


def answers(started: StartedPlatform) -> bool:
    try:
        return ask(started, "/").status_code < 500
    except httpx.TransportError:
        return False

"""Flower beside a working platform: on loopback, closed without its secret, and with something to see."""

from typing import Any

import httpx
import pytest

from tests.acceptance.api_client import ApiClient
from tests.pdf_files import text_pdf
from tests.platforms import StartedPlatform, eventually

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
    assert api.wait(api.upload(text_pdf()))["status"] == "succeeded"
    eventually(lambda: bool(tasks(started)), within_s=20)
    (worker,) = ask(started, "/api/workers?refresh=1").json()
    assert worker.startswith("worker@")
    queues = {queue["name"] for queue in ask(started, "/api/queues/length").json()["active_queues"]}
    assert queues == {"interactive", "normal", "bulk"}
    assert {task["name"] for task in tasks(started).values()} == {"sheaf.look_at_part"}


def tasks(started: StartedPlatform) -> dict[str, Any]:
    found: dict[str, Any] = ask(started, "/api/tasks").json()
    return found


def answers(started: StartedPlatform) -> bool:
    try:
        return ask(started, "/").status_code < 500
    except httpx.TransportError:
        return False

"""What stands in logs: no secrets, whatever happens to whoever sends them, and no lines that somebody else wrote."""

import json
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from tests import canaries
from tests.pdf_files import encrypted_pdf, text_pdf
from tests.work import PASSWORD, Bench, register, sign_in_admin, upload

FORGED = "a.pdf\nlevel=error event='somebody was here'\r\x1b[2K"
WARN = """
import structlog
from shared.logs import configure_logging
configure_logging()
structlog.get_logger("test").warning("odd name", name={name!r})
structlog.get_logger("test").warning({name!r})
"""


def test_the_search_finds_what_it_is_for(client: TestClient) -> None:
    session = client.post("/register", json={"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}).json()
    client.headers["Authorization"] = f"Bearer {session['access_token']}"
    key = client.post("/api-keys", json={"name": "a key", "scopes": ["chat"]}).json()["key"]
    secrets = [*canaries.PLANTED, session["access_token"], session["refresh_token"], key, "redis://x:y@127.0.0.1/0"]
    assert all(canaries.found_in(f"something happened secret={secret!r} x") for secret in secrets)
    assert not canaries.found_in("redis://sheaf:***@127.0.0.1/0 and 0199aa00-0000-7000-8000-000000000000")


def test_no_secret_reaches_a_log(client: TestClient, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    register(client)
    key = client.post("/api-keys", json={"name": "a key", "scopes": ["chat"]}).json()["key"]
    upload(client, encrypted_pdf(canaries.PDF_PASSWORD), password=canaries.PDF_PASSWORD)
    client.post("/emails", json={"to": "ada@example.org", "subject": "A mail", "body": canaries.MAIL_BODY})
    client.post("/password/forgot", json={"email": "ada@example.org"})
    bench.run_all()
    client.post("/login", json={"email": "ada@example.org", "password": PASSWORD + "!"})
    client.post("/login", json={"email": "ada@example.org", "password": PASSWORD, "unknown": 1})
    client.get("/users", headers={"Authorization": f"Bearer {key}x"})
    assert caplog.records
    assert canaries.found_in(caplog.text) == []


def test_a_defect_with_a_secret_in_hand_does_not_tell_it(
    client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(client)
    monkeypatch.setattr(client.app.state.resources.hasher, "_context", None)  # type: ignore[attr-defined]  # It is ours.
    answer = client.post("/login", json={"email": "ada@example.org", "password": PASSWORD})
    assert answer.status_code == 500
    assert "AttributeError" in caplog.text
    assert canaries.found_in(caplog.text) == []


def test_each_line_of_a_log_in_json_is_one_event() -> None:
    code = WARN.format(name=FORGED + "\x7f").replace("configure_logging()", "configure_logging(as_json=True)")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    events = [json.loads(line) for line in said.splitlines()]
    assert [event.get("name", event["event"]) for event in events] == [FORGED + "\x7f"] * 2
    assert "\x7f" not in said


def test_a_request_is_followed_through_the_queue_into_the_logs_of_workers(
    client: TestClient, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client = sign_in_admin(client)
    client.headers["X-Request-Id"] = "a-request-of-mine"
    job = upload(client, text_pdf(), notify="email").json()["job"]["id"]
    client.headers["X-Request-Id"] = "another-request"
    bench.run_all()
    ended = [line for line in map(str, (record.msg for record in caplog.records)) if "part ended" in line]
    assert len(ended) == 2  # The mail that tells of the end comes from the same request.
    assert all("a-request-of-mine" in line for line in ended)
    assert all(word in ended[0] for word in (job, "'attempt': 1"))
    assert client.get(f"/admin/jobs/{job}").json()["request_id"] == "a-request-of-mine"


def test_nobody_writes_a_line_of_the_log() -> None:
    said = subprocess.run(
        [sys.executable, "-c", WARN.format(name=FORGED)], capture_output=True, text=True, check=True
    ).stderr
    assert [line.split("level=")[1].split()[0] for line in said.splitlines()] == ["warning", "warning"]
    assert "\x1b" not in said

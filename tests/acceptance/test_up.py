"""`./sheaf up` as a person uses it: real stores, real processes."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms import StartedPlatform, all_gone, data_directory, eventually, platform

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
CREDENTIALS = {"email": "ada@sheaf.test", "password": "a long enough one"}


@pytest.fixture
def data() -> Iterator[Path]:
    with data_directory() as path:
        yield path


def post(running: StartedPlatform, path: str, body: dict[str, str]) -> int:
    request = urllib.request.Request(  # noqa: S310 — our own address.
        running.address + path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 — our own address.
        return int(response.status)


def test_data_is_kept_over_a_stop_and_over_a_kill(data: Path) -> None:
    with platform(data) as first:
        first.wait_ready()
        assert post(first, "/register", {**CREDENTIALS, "name": "Ada"}) == 201
        assert first.stop() == 0
        assert first.lines == [f"ready {first.address}\n"]
    with platform(data) as second:
        assert post(second.wait_ready(), "/login", CREDENTIALS) == 200
        processes = second.processes()
        second.process.kill()
        assert all_gone(processes, within_s=8)
    with platform(data) as third:
        assert post(third.wait_ready(), "/login", CREDENTIALS) == 200
        assert third.stop(signal.SIGTERM) == 0


def test_two_copies_run_side_by_side_with_stores_of_their_own(data: Path) -> None:
    with platform(data) as one, platform(data.with_name("other")) as other:
        one.wait_ready()
        other.wait_ready()
        assert post(one, "/register", {**CREDENTIALS, "name": "Ada"}) == 201
        assert post(other, "/register", {**CREDENTIALS, "name": "Ada"}) == 201
        assert one.stop() == 0
        assert other.get("/readyz")["status"] == "ok"
        assert other.stop() == 0


def test_given_addresses_are_used_and_nothing_embedded_is_started(
    data: Path, database_url: str, broker_url: str
) -> None:
    given = {"DATABASE_URL": database_url, "BROKER_URL": broker_url, "SECRET_KEY": os.urandom(32).hex()}
    with platform(data, environment=given) as running:
        running.wait_ready()
        commands = [" ".join(process.cmdline()) for process in running.processes()]
        assert not [command for command in commands if "bin/postgres" in command or "valkey-server" in command]
        assert running.stop() == 0
        assert not (data / "postgres").exists()


def test_a_given_database_without_a_secret_key_is_a_configuration_fault(data: Path, database_url: str) -> None:
    with platform(data, environment={"DATABASE_URL": database_url}) as running:
        assert running.wait() == 78
        assert "SECRET_KEY: is not set" in running.said


def test_killed_processes_and_stores_come_back(data: Path) -> None:
    with platform(data) as running:
        running.wait_ready()
        for words in ("worker.app worker", "valkey-server", "bin/postgres"):
            running.child(words).kill()
        eventually(lambda: running.get("/livez")["status"] == "ok")
        eventually(lambda: "worker ended" in running.said, within_s=5)
        eventually(lambda: _is_ready(running), within_s=40)
        assert running.stop() == 0


def _is_ready(running: StartedPlatform) -> bool:
    try:
        return bool(running.get("/readyz")["status"] == "ok")
    except OSError:
        return False

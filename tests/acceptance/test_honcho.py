"""The Procfile under honcho, as docs/deploy.md says: every process starts, a PDF is read, and all of them end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from shared.settings import Settings
from tests.acceptance.api_client import ApiClient
from tests.live import free_port
from tests.pdf_files import text_pdf
from tests.platforms import GIVEN_BY_USERS, ROOT, all_gone, eventually

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
COMMAND = (sys.executable, "-m", "honcho", "--env", os.devnull, "start", "--no-prefix")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def honcho(settings: Settings, port: int, tmp_path: Path) -> Iterator[psutil.Popen]:
    """Start it with what a file `.env` would say."""
    clean = {name: value for name, value in os.environ.items() if name not in GIVEN_BY_USERS}
    given = {
        "DATABASE_URL": settings.database_url,
        "BROKER_URL": settings.broker_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "SHEAF_DATA": str(settings.sheaf_data),
        "PORT": str(port),
        "WORKER_CONCURRENCY": "2",
        "MAILER_CONCURRENCY": "2",
        "FLOWER_PORT": str(free_port()),
        "FLOWER_DB": str(tmp_path / "flower"),
        "BCRYPT_ROUNDS": "4",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with (tmp_path / "honcho.log").open("wb") as log:
        started = psutil.Popen(COMMAND, cwd=ROOT, env={**clean, **given}, stdout=log, stderr=subprocess.STDOUT)
        below: list[psutil.Process] = []
        try:
            yield started
            below = started.children(recursive=True)
        finally:
            started.kill()
            started.wait()
            for process in below:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def test_honcho_runs_every_line_of_the_procfile(honcho: psutil.Popen, port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    eventually(lambda: is_ready(address), within_s=60)
    client = ApiClient(address)
    assert client.wait(client.upload(text_pdf()))["status"] == "succeeded"
    client.close()
    processes = honcho.children(recursive=True)
    assert len([line for line in (ROOT / "Procfile").read_text().splitlines() if line]) <= len(processes)
    honcho.send_signal(signal.SIGTERM)
    assert all_gone(processes, within_s=30)


def is_ready(address: str) -> bool:
    with suppress(httpx.TransportError):
        return bool(httpx.get(f"{address}/readyz", timeout=5).json()["status"] == "ok")
    return False

"""Two machines with one Postgres, one broker and one bucket: one of them loses its power while it works."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from tests.faults.host import Host, can_isolate, share_stores
from tests.faults.servers import BrokerServer, PostgresServer
from tests.faults.stage import SECRET_KEY
from tests.pdf_files import lines_pdf
from tests.platforms import eventually
from tests.s3 import running_bucket

JOBS = 6
PAGES = 200
WITHIN_S = 150
ACCOUNT = {"email": "ada@example.org", "password": "a password of nobody", "name": "Ada"}
pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    # httpcore forgets to close the connection to a host without power.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(not can_isolate(), reason="needs namespaces of networks and processes (unshare, ip, root)"),
]


class Cluster:
    """Both hosts, and the stores that they share."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        """Start everything and wait until both can work."""
        self.postgres, broker = PostgresServer(folder / "postgres"), BrokerServer(folder / "broker")
        for store in (self.postgres, broker):
            store.start()
            stack.callback(store.kill)
        bucket = stack.enter_context(running_bucket())
        bucket_port = urlsplit(bucket.environment["AWS_ENDPOINT_URL"]).port or 0
        ports = [self.postgres.port, broker.port, bucket_port]
        share_stores(folder, ports)
        environment = {
            "DATABASE_URL": self.postgres.url(),
            "BROKER_URL": broker.url(),
            "STORAGE_URL": bucket.url,
            "SECRET_KEY": SECRET_KEY,
            "WORKER_CONCURRENCY": "2",
            "RATE_LIMITS": "off",
            **bucket.environment,
        }
        self.hosts = []
        for name in ("north", "south"):  # One after the other: the first one migrates.
            host = Host(name, folder, ports=ports, environment=environment)
            stack.callback(host.pull_the_plug)
            self.hosts.append(host)
            host.wait_ready()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres.url()) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="sheaf-hosts-") as name, ExitStack() as stack:
        Path(name).chmod(0o711)
        yield Cluster(Path(name), stack)


def test_a_host_that_loses_power_loses_nothing(cluster: Cluster) -> None:
    north, south = (
        httpx.Client(base_url="http://sheaf", transport=host.transport, timeout=60) for host in cluster.hosts
    )
    token = north.post("/register", json=ACCOUNT).raise_for_status().json()["access_token"]
    for client in (north, south):
        client.headers["Authorization"] = f"Bearer {token}"
    accepted = [upload((north, south)[number % 2], number) for number in range(JOBS)]
    eventually(lambda: hosts_at_work(cluster) == {"north", "south"}, within_s=60)
    cluster.hosts[0].pull_the_plug()
    lost_at = time.time()
    eventually(lambda: all(south.get(f"/jobs/{job}").json()["done"] for job in accepted), within_s=WITHIN_S)
    assert [south.get(f"/jobs/{job}").json()["state"] for job in accepted] == ["succeeded"] * JOBS
    assert cluster.ask("SELECT count(*) FROM pages") == [(JOBS * PAGES,)]
    ((by_north,),) = cluster.ask("SELECT count(*) FROM attempts WHERE worker_id LIKE 'north/%' AND pages_done > 0")
    assert by_north, "both hosts were to work"
    print(f"{JOBS} jobs of {PAGES} pages, all there {time.time() - lost_at:.0f} s after the loss")  # noqa: T201 — a figure.


def upload(client: httpx.Client, number: int) -> str:
    content = lines_pdf(PAGES, lines=60, said=f"sheaf {number}")
    answer = client.post("/documents", files={"file": ("long.pdf", content)}).raise_for_status()
    job_id: str = answer.json()["job"]["id"]
    return job_id


def client_of(host: Host) -> httpx.Client:
    return httpx.Client(base_url="http://sheaf", transport=host.transport, timeout=60)


def hosts_at_work(cluster: Cluster) -> set[str]:
    rows = cluster.ask("SELECT DISTINCT worker_id FROM parts WHERE state = 'running'")
    return {name.partition("/")[0] for (name,) in rows}

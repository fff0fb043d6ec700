"""Processes killed in the middle of 100 small jobs: every accepted job still succeeds, and no page is read twice."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.acceptance.api_client import ApiClient
from tests.pdf_files import text_pdf
from tests.platforms import StartedPlatform, all_gone, data_directory, eventually, platform

JOBS = 100
KILL_AFTER = 10
PAGES = 8
LONG_JOBS, LONG_PAGES = 30, 80  # Two slots read them more slowly than one client uploads them.
pytestmark = [pytest.mark.processes, pytest.mark.timeout(240), pytest.mark.xdist_group("kills")]


def kill_sandbox_children(started: StartedPlatform) -> None:
    (forkserver,) = started.child("worker.app worker").children()
    killed: set[int] = set()
    deadline = time.monotonic() + 30
    while len(killed) < 3:
        assert time.monotonic() < deadline, "no sandbox child was seen"
        for child in children_now(forkserver.pid) - killed:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
                killed.add(child)


def children_now(pid: int) -> set[int]:
    """Ask the kernel directly: a child lives for some ten milliseconds, and a walk over all processes takes longer."""
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def kill_worker(started: StartedPlatform) -> None:
    started.child("worker.app worker").kill()


def kill_dispatcher(started: StartedPlatform) -> None:
    started.child("worker.dispatcher").kill()


def kill_api(started: StartedPlatform) -> None:
    started.child("-m api").kill()


def lose_the_broker(started: StartedPlatform) -> None:
    shutil.rmtree(data_of(started) / "valkey")
    started.child("valkey-server").kill()


@contextmanager
def uploading(api: ApiClient, said: str) -> Iterator[None]:
    """Upload the batch in a thread of its own; a client that gets no answer sends the same file again."""

    def upload() -> None:
        for n in range(JOBS):
            content = text_pdf(PAGES, text=f"{said} {n} page {{number}}")
            while not api.offers(content):
                time.sleep(0.2)

    thread = threading.Thread(target=upload)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def succeeded(api: ApiClient) -> int:
    try:
        total: int = api.get("/jobs", state="succeeded", limit=1)["total"]
    except httpx.HTTPError:
        return -1
    return total


def data_of(started: StartedPlatform) -> Path:
    return started.log.with_name(started.log.name.removesuffix(".log"))


def check_ledger(started: StartedPlatform, *, pages: int = PAGES) -> None:
    """Ask Postgres itself: all jobs ended well, each page was stored once and read by one attempt only."""
    with psycopg.connect(started.note["DATABASE_URL"]) as connection:
        states = connection.execute("SELECT DISTINCT state FROM jobs WHERE kind = 'extraction'").fetchall()
        stored = connection.execute("SELECT count(*) FROM pages").fetchone()
        read = connection.execute("SELECT sum(pages_done) FROM attempts").fetchone()
        jobs = connection.execute("SELECT count(*) FROM jobs WHERE kind = 'extraction'").fetchone()
    assert states == [("succeeded",)]
    assert jobs is not None
    assert stored == read == (jobs[0] * pages,)


@pytest.mark.parametrize("fault", [kill_sandbox_children, kill_worker, kill_dispatcher, kill_api, lose_the_broker])
def test_every_accepted_job_succeeds_although_a_process_dies(
    started: StartedPlatform, fault: Callable[[StartedPlatform], None]
) -> None:
    with closing(ApiClient(started.address)) as api:
        with uploading(api, fault.__name__):
            eventually(lambda: succeeded(api) >= KILL_AFTER, within_s=60)
            fault(started)
            assert succeeded(api) < JOBS, "the fault came too late to hit anything"
        eventually(lambda: succeeded(api) == JOBS, within_s=90)
    check_ledger(started)


def test_a_killed_supervisor_leaves_no_orphan_and_its_jobs_succeed_after_the_next_start() -> None:
    environment = {"WORKER_CONCURRENCY": "2", "WEB_CONCURRENCY": "2"}
    with data_directory() as data:
        with platform(data, environment=environment) as first:
            upload_all(first.wait_ready())
            processes = first.processes()
            assert open_jobs(first) > 0, "the fault comes too late to hit anything"
            first.process.kill()
            assert all_gone(processes, within_s=8)
        with platform(data, environment=environment) as second:
            second.wait_ready()
            eventually(lambda: open_jobs(second) == 0, within_s=120)
            check_ledger(second, pages=LONG_PAGES)
            assert second.stop() == 0


def upload_all(started: StartedPlatform) -> None:
    with closing(ApiClient(started.address)) as api:
        for n in range(LONG_JOBS):
            api.upload(text_pdf(LONG_PAGES, text=f"supervisor {n} page {{number}}"))


def open_jobs(started: StartedPlatform) -> int:
    with psycopg.connect(started.note["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT count(*) FROM jobs WHERE kind = 'extraction' AND state IN ('queued', 'running')"
        ).fetchone()
    return int(row[0]) if row else -1

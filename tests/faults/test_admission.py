"""F19: far more uploads than the installation can work off are sent away early and politely."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.faults.checker import judge, settle
from tests.faults.conftest import LoadOn, Shared
from tests.faults.journal import Entry
from tests.faults.load import Load, small_pdfs
from tests.faults.stage import Stage, stage
from tests.faults.table import Line

SECONDS, PER_SECOND, THREADS, USERS = 60, 100, 24, 8
MAX_OPEN_JOBS, MAX_QUEUED = 60, 200
PAGES = 10
AGE = """
    SELECT extract(epoch FROM max(j.started_at - j.created_at))::float8,
           count(*) / extract(epoch FROM max(j.finished_at) - min(j.created_at))::float8
    FROM jobs j JOIN users u ON u.id = j.owner_id WHERE u.email LIKE %s"""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture
def small_stage(shared_stage: Shared) -> Iterator[Stage]:
    shared_stage.close()
    with stage() as made:
        made.open(MAX_OPEN_JOBS=str(MAX_OPEN_JOBS), MAX_QUEUED=str(MAX_QUEUED))
        yield made


@pytest.mark.row("F19", f"{PER_SECOND} uploads/s for {SECONDS} s")
def test_an_overload_is_refused_with_a_time_to_come_back(small_stage: Stage, load_on: LoadOn, line: Line) -> None:
    load = load_on(small_stage, "f19", users=USERS)
    began = time.monotonic()
    with load.probing(), ThreadPoolExecutor(THREADS) as pool:
        tries = list(pool.map(lambda n: knock(load, n, began), range(SECONDS * PER_SECOND)))
    rate = len(tries) / (time.monotonic() - began)
    settle(small_stage, load.prefix)
    verdict = judge(small_stage, load.prefix, load.journal)
    line.fill(verdict)
    told = Counter((entry.status, entry.said) for entry in tries)
    age, pace = small_stage.ask(AGE, f"{load.prefix}-%")[0]
    line.add(
        f"{rate:.0f}/s; " + ", ".join(f"{n} x {status} {code}".strip() for (status, code), n in sorted(told.items()))
    )
    line.add(f"longest in the queue {age:.1f} s at {pace:.1f} jobs/s")
    verdict.assert_clean()
    assert {status for status, _ in told} <= {202, 429, 503}
    assert {429, 503} & {status for status, _ in told}, "nothing was above capacity"
    assert all(entry.retry_after for entry in tries if entry.status != 202)
    # Never longer than MAX_QUEUED, the queue takes no longer than so many; twice, as one user's may be the longest.
    assert age <= 2 * MAX_QUEUED / pace


def knock(load: Load, number: int, began: float) -> Entry:
    """Try one upload once, at its time."""
    time.sleep(max(0, began + number / PER_SECOND - time.monotonic()))
    (content,) = small_pdfs(1, pages=PAGES)
    return load.users[number % USERS].try_upload(content, key=uuid4().hex)

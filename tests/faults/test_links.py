"""F15: every link is slow, or resets now and then; the same load without it is the measure."""

import time
from collections.abc import Iterator

import pytest

from tests.faults.conftest import LoadOn, Shared
from tests.faults.load import Load, slow_pdfs
from tests.faults.rows import conclude
from tests.faults.stage import Stage, stage
from tests.faults.table import Line

ROUND_TRIP_S = 0.2
FILES = 24  # Enough that the slots are always busy: throughput is asked for, not the time of the first.
SLOTS = 6  # A worker; a slot that waits for an answer leaves its core to another (docs/operations.md).
SECONDS = 4
pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]


@pytest.fixture
def wide_stage(shared_stage: Shared) -> Iterator[Stage]:
    shared_stage.close()
    with stage() as made:
        made.open(slots=2 * SLOTS, WORKER_CONCURRENCY=str(SLOTS))
        yield made


@pytest.mark.row("F15", "+200 ms a round trip, 1 % of the packets reset, on both links")
def test_bad_links_lose_nothing(wide_stage: Stage, load_on: LoadOn, line: Line) -> None:
    plain_s = took_s(load_on(wide_stage, "f15plain"))
    load = load_on(wide_stage, "f15")  # Its users register while their links are good.
    links = (wide_stage.postgres_link, wide_stage.broker_link)
    for link in links:
        link.change(latency_s=ROUND_TRIP_S / 2, reset_rate=0.01)
    fault_at = time.time()
    bad_s = took_s(load)
    for link in links:
        link.clear()
    verdict = conclude(load, line, fault_at=fault_at)
    line.add(f"{sum(link.resets for link in links)} resets; {plain_s:.0f} s plain, {bad_s:.0f} s so")
    line.add(f"{100 * plain_s / bad_s:.0f} % of the throughput with {SLOTS} slots a worker")
    line.add(f"{verdict.unexpected} times 5xx but 503")
    assert verdict.unexpected == 0
    assert bad_s <= 2 * plain_s


def took_s(load: Load) -> float:
    """Return the seconds in which everything was accepted and finished."""
    start = time.monotonic()
    load.upload(slow_pdfs(FILES, seconds=SECONDS))
    load.wait_finished(FILES, within_s=300)
    return time.monotonic() - start

"""F15: every link is slow, or resets now and then; the same load without it is the measure."""

import time

import pytest

from tests.faults.conftest import MakeLoad
from tests.faults.load import Load, slow_pdfs
from tests.faults.rows import conclude
from tests.faults.stage import Stage
from tests.faults.table import Line

ROUND_TRIP_S = 0.2
FILES = 8
SECONDS = 4
pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]


@pytest.mark.row("F15", "+200 ms a round trip, 1 % of the packets reset, on both links")
def test_bad_links_lose_nothing(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    plain_s = took_s(make_load("f15plain"))
    links = (on_stage.postgres_link, on_stage.broker_link)
    for link in links:
        link.change(latency_s=ROUND_TRIP_S / 2, reset_rate=0.01)
    fault_at = time.time()
    load = make_load("f15")
    bad_s = took_s(load)
    for link in links:
        link.clear()
    verdict = conclude(load, line, fault_at=fault_at)
    line.add(f"{sum(link.resets for link in links)} resets; {plain_s:.0f} s plain, {bad_s:.0f} s so")
    line.add(f"{100 * plain_s / bad_s:.0f} % of the throughput, {verdict.unexpected} times 5xx but 503")
    assert verdict.unexpected == 0
    assert bad_s <= 6 * plain_s, "the aim is 2; each page waits for its own transaction of about ten round trips"


def took_s(load: Load) -> float:
    """Return the seconds in which everything was accepted and finished."""
    start = time.monotonic()
    load.upload(slow_pdfs(FILES, seconds=SECONDS))
    load.wait_finished(FILES, within_s=200)
    return time.monotonic() - start

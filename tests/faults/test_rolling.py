"""F21: every process is restarted in its turn, as a new version would be brought in."""

import signal
import time
from collections.abc import Callable

import psutil
import pytest

from tests.faults import processes
from tests.faults.conftest import MakeLoad
from tests.faults.load import slow_pdfs, small_pdfs
from tests.faults.rows import conclude
from tests.faults.stage import SLOTS, Stage
from tests.faults.table import Line
from tests.platforms import eventually

ROUNDS = 3
LAST_CLAIMS_S = 1  # A message that was on its way when the worker was asked to end is still claimed.
HELD = """
    SELECT count(*) FROM attempts WHERE worker_id = %s AND started_at < to_timestamp(%s)
    AND coalesce(ended_at > to_timestamp(%s), true)"""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]


@pytest.mark.row("F21", "every process restarted by SIGTERM, three rounds")
def test_a_rolling_restart_costs_at_most_what_was_running(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    load = make_load("f21")
    held, fault_at = 0, time.time()
    with load.running([*slow_pdfs(60, seconds=2), *small_pdfs(140)], every_s=0.2):
        for _ in range(ROUNDS):
            for number in (1, 2):
                worker = processes.worker(on_stage, number)
                name = on_stage.ask("SELECT id FROM workers WHERE pid = %s", worker.pid)[0][0]
                fault_at = restart(worker, lambda: processes.workers(on_stage))
                held += on_stage.number(HELD, name, fault_at + LAST_CLAIMS_S, fault_at)
                eventually(lambda: on_stage.slots() >= 2 * SLOTS, within_s=40)
            for dispatcher in processes.dispatchers(on_stage):
                restart(dispatcher, lambda: processes.dispatchers(on_stage))
            for api in processes.apis(on_stage):
                restart(api, lambda: processes.apis(on_stage))
    verdict = conclude(load, line, fault_at=fault_at)
    cut = sum(entry.status == 0 for entry in load.journal.entries())
    line.add(f"{held} parts were running at the stops, {cut} requests cut off, {verdict.unexpected} times 5xx but 503")
    assert verdict.extra_runs <= held
    assert verdict.unexpected == 0


def restart(process: psutil.Process, find: Callable[[], list[psutil.Process]]) -> float:
    """Ask it to end, wait for its successor, and return when it was asked (epoch)."""
    at = processes.send(signal.SIGTERM, [process])
    expected = len(find())
    processes.all_end([process], within_s=30)
    eventually(lambda: len(find()) >= expected, within_s=40)
    return at

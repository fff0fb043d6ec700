"""F10: a worker stands still for longer than its leases, and finds on waking that others do its work."""

import signal
import time

import pytest

from tests.faults import processes
from tests.faults.conftest import MakeLoad
from tests.faults.load import slow_pdfs, small_pdfs
from tests.faults.rows import conclude
from tests.faults.stage import SLOTS, Stage
from tests.faults.table import Line
from tests.platforms import eventually

FROZEN_S = 60
TAKEN_BACK = """
    SELECT count(*) FROM attempts a JOIN parts p ON p.id = a.part_id
    WHERE a.worker_id = %s AND a.outcome = 'lost' AND a.ended_at > to_timestamp(%s)"""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.mark.row("F10", f"worker frozen for {FROZEN_S} s, then awake again")
def test_a_zombie_writes_nothing(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    load = make_load("f10")
    with load.running([*slow_pdfs(8, seconds=3), *small_pdfs(60)], every_s=0.9):
        worker = processes.worker(on_stage, 1)
        name = on_stage.ask("SELECT id FROM workers WHERE pid = %s", worker.pid)[0][0]
        eventually(lambda: running_for(on_stage, name) == SLOTS, within_s=30)
        whole = processes.group(worker)
        fault_at = processes.send(signal.SIGSTOP, whole)
        refused_before = refused(on_stage)
        time.sleep(FROZEN_S)
        held = on_stage.number(TAKEN_BACK, name, fault_at)
        processes.send(signal.SIGCONT, whole)
        eventually(lambda: refused(on_stage) - refused_before >= held, within_s=20)
    conclude(load, line, fault_at=fault_at)
    line.add(f"{held} parts taken back meanwhile, {refused(on_stage) - refused_before} zombies refused")
    assert held > 0, "it held nothing"
    assert refused(on_stage) - refused_before == held
    assert processes.worker(on_stage, 1).pid == worker.pid


def running_for(stage: Stage, worker: str) -> int:
    return stage.number("SELECT count(*) FROM parts WHERE state = 'running' AND worker_id = %s", worker)


def refused(stage: Stage) -> int:
    """Return how many attempts noticed that they are not theirs any more; only the worker itself can know.

    One that slept within a transaction finds its connection closed, and is refused when it wants to say so.
    """
    said = stage.platform.said
    return said.count('outcome="fenced out"') + said.count("raised unexpected: FencedOut")

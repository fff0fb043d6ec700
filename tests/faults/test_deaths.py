"""F01 to F05: processes killed -9 under load, and what the survivors and the restarted make of it."""

import time

import psutil
import pytest

from tests.faults import processes
from tests.faults.checker import first_success
from tests.faults.conftest import MakeLoad
from tests.faults.load import slow_pdfs, small_pdfs
from tests.faults.rows import conclude
from tests.faults.stage import API_PROCESSES, SLOTS, Stage, worker_line
from tests.faults.table import Line
from tests.platforms import eventually

KILLS = 50
RECOVERS_WITHIN_S = 5
API_KILLS = 4  # Each process twice: the supervisor's pause doubles with every death.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.mark.row("F01", "50 parse processes killed -9")
def test_killed_parse_processes_cost_an_attempt_each(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    load = make_load("f01")
    kills = 0
    with load.running(slow_pdfs(100, seconds=1), every_s=0.8):  # Slots are free now and then: recovery is no queue.
        load.wait_accepted(5)
        first = last = time.time()
        while killed_attempts(on_stage, since=first) < KILLS:
            last = processes.kill(processes.catch(lambda: processes.parsing(on_stage)))
            kills += 1
            time.sleep(0.5)
    verdict = conclude(load, line, fault_at=last)
    recorded = killed_attempts(on_stage, since=first)
    success_s = first_success(on_stage, load.prefix, last)
    line.add(f"{kills} kills, {recorded} attempts record signal 9; the others cost a child that had read before")
    line.add(f"what was killed last had its turn again after {verdict.recovered_s} s: each death doubles the pause")
    assert KILLS <= recorded <= kills
    assert success_s is not None, "nothing succeeded after the last kill"
    line.recover = f"{success_s:.1f} s"
    assert success_s <= RECOVERS_WITHIN_S


def killed_attempts(stage: Stage, *, since: float) -> int:
    return stage.number("SELECT count(*) FROM attempts WHERE signal = 9 AND started_at > to_timestamp(%s - 5)", since)


@pytest.mark.row("F02", "forkserver killed -9 (the children's parent)")
def test_a_killed_forkserver_takes_its_children_along(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    load = make_load("f02")
    with load.running(small_pdfs(200, pages=10)):
        load.wait_finished(10)
        child = processes.catch(lambda: processes.sandboxes(on_stage))
        orphans = processes.sandboxes(on_stage)
        fault_at = processes.kill(child.parent() or child)
        line.add(f"orphans gone after {processes.all_end([child], within_s=2)} s")
        assert orphans
    conclude(load, line, fault_at=fault_at, within_s=32)


@pytest.mark.parametrize("whole_group", [False, True])
@pytest.mark.row("F03", "worker killed -9, restarted")
def test_a_killed_worker_is_restarted_and_frees_its_parts(
    on_stage: Stage, make_load: MakeLoad, line: Line, *, whole_group: bool
) -> None:
    line.fault += ": whole group" if whole_group else ": main process"
    load = make_load("f03")
    with load.running(small_pdfs(200, pages=10)):
        victim = processes.worker(on_stage, 1)
        name = on_stage.ask("SELECT id FROM workers WHERE pid = %s", victim.pid)[0][0]
        load.wait_finished(10)
        eventually(lambda: held_by(on_stage, name) == SLOTS, within_s=30)
        victims = processes.group(victim) if whole_group else [victim]
        fault_at = processes.kill(*victims)
    conclude(load, line, fault_at=fault_at, within_s=10)


@pytest.mark.row("F03", "worker killed -9 for good")
def test_the_reaper_frees_what_a_worker_took_that_never_returns(
    on_stage: Stage, make_load: MakeLoad, line: Line
) -> None:
    load = make_load("f03")
    third = on_stage.start_alone(worker_line(3))
    eventually(lambda: on_stage.slots() >= 6, within_s=30)
    name = on_stage.ask("SELECT id FROM workers WHERE pid = %s", third.pid)[0][0]
    with load.running(small_pdfs(200, pages=10)):
        eventually(lambda: held_by(on_stage, name) > 0, within_s=30)
        fault_at = processes.kill(*processes.group(psutil.Process(third.pid)))
        lost = held_by(on_stage, name)
        third.wait()
    conclude(load, line, fault_at=fault_at, within_s=34)
    line.add(f"{lost} parts were held")


def held_by(stage: Stage, worker: str) -> int:
    return stage.number("SELECT count(*) FROM parts WHERE state = 'running' AND worker_id = %s", worker)


@pytest.mark.row("F04", "leading dispatcher killed -9")
def test_a_spare_leads_when_the_leader_dies(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    load = make_load("f04")
    with load.running():
        load.wait_finished(10)
        leader = processes.leader(on_stage)
        fault_at = processes.kill(leader)
        eventually(lambda: processes_lead(on_stage) not in (0, leader.pid), within_s=20)
        line.add(f"spare led after {time.time() - fault_at:.1f} s")
    conclude(load, line, fault_at=fault_at, within_s=5)


def processes_lead(stage: Stage) -> int:
    return stage.number("SELECT pid FROM workers WHERE id = 'dispatcher' AND heartbeat_at > now() - interval '2 s'")


@pytest.mark.row("F05", "API processes killed -9 four times")
def test_a_client_that_retries_gets_one_job_whatever_the_api_dies_of(
    on_stage: Stage, make_load: MakeLoad, line: Line
) -> None:
    load = make_load("f05")
    fault_at = time.time()
    with load.running(every_s=0.05):
        for turn in range(API_KILLS):
            load.wait_accepted(load.accepted() + 5)
            eventually(lambda: len(processes.apis(on_stage)) == API_PROCESSES, within_s=20)
            fault_at = processes.kill(processes.apis(on_stage)[turn % API_PROCESSES])
    conclude(load, line, fault_at=fault_at, within_s=10)
    cut = sum(entry.status == 0 for entry in load.journal.entries() if entry.verb == "upload")
    line.add(f"{cut} uploads cut off")
    assert cut > 0, "no kill hit an upload"

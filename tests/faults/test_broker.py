"""F06, F07 and F11: the broker restarts, forgets, hangs, or says everything three times."""

import itertools
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from celery import Celery

from shared.broker import celery_settings, task_of
from shared.models import JobKind
from shared.settings import Settings
from tests.faults import processes
from tests.faults.checker import latency_s, settle
from tests.faults.conftest import MakeLoad, Shared
from tests.faults.load import Load, slow_pdfs, small_pdfs
from tests.faults.rows import conclude
from tests.faults.stage import BROKER, PYTHON, SLOTS, USUAL, Stage, stage
from tests.faults.table import Line
from tests.platforms import eventually

TRIALS = int(os.environ.get("FAULTS_TRIALS", "1"))
ONE_WORKER = {"api": USUAL["api"], "worker1": USUAL["worker1"], "dispatcher": USUAL["dispatcher1"]}
SHOUT = f"{PYTHON} -m tests.faults.shouting $SHOUTED"
SHOUTING = {**USUAL, "dispatcher1": SHOUT, "dispatcher2": SHOUT}  # Either may lead.
REPLAY_AFTER_S = 30
pytestmark = [pytest.mark.faults, pytest.mark.timeout(420)]


@dataclass(frozen=True)
class Occupancy:
    """How busy the one worker of two slots is when the broker goes: jobs, and how many of them must be running."""

    name: str
    jobs: int

    @property
    def running(self) -> int:
        return min(self.jobs, SLOTS)

    @property
    def waiting(self) -> int:
        """What lies in the broker: the dispatcher sends as many ahead as there are slots."""
        return min(self.jobs - self.running, SLOTS)


OCCUPANCIES = (
    Occupancy("idle", 0),
    Occupancy("1 running", 1),
    *(Occupancy("2 running + 2 waiting", 4) for _ in range(TRIALS)),
    Occupancy("backlog", 10),
)


@pytest.fixture(scope="module")
def one_worker(shared_stage: Shared) -> Iterator[Stage]:
    shared_stage.close()
    with stage() as made:
        made.open(ONE_WORKER, slots=SLOTS, WEB_CONCURRENCY="1")
        yield made


@pytest.mark.parametrize("keeps_data", [True, False], ids=["AOF", "no data"])
@pytest.mark.parametrize("is_clean", [True, False], ids=["stopped", "killed -9"])
@pytest.mark.row("F06", "broker restarted")
def test_a_restart_of_the_broker_costs_seconds(
    one_worker: Stage, line: Line, *, is_clean: bool, keeps_data: bool
) -> None:
    line.fault += f": {'stopped' if is_clean else 'killed -9'}, {'AOF' if keeps_data else 'no data'}"
    load = Load(one_worker, "f06")
    at_first = time.time()
    exits, slowest = 0, 0.0
    with load.probing():
        for occupancy in OCCUPANCIES:
            pid = processes.worker(one_worker, 1).pid
            took = restart_under(one_worker, load, occupancy, is_clean=is_clean, keeps_data=keeps_data)
            exits += processes.worker(one_worker, 1).pid != pid
            slowest = max(slowest, took)
    verdict = conclude(load, line, fault_at=at_first)
    load.close()
    line.recover = f"{slowest:.1f} s"
    line.add(f"worker exits {exits} of {len(OCCUPANCIES)}, extra runs {verdict.extra_runs}")
    assert slowest <= 35


def restart_under(stage: Stage, load: Load, occupancy: Occupancy, *, is_clean: bool, keeps_data: bool) -> float:
    """Restart the broker in this moment and return the seconds until the next success, and all of them for 2 + 2."""
    before = load.finished()
    for user, content in zip(itertools.cycle(load.users), slow_pdfs(occupancy.jobs, seconds=2), strict=False):
        user.upload(content)
    eventually(lambda: counts(stage) == (occupancy.running, occupancy.waiting), within_s=20)
    fault_at = time.time()
    stage.broker.keeps_data = keeps_data
    if is_clean:
        stage.broker.stop()
    else:
        stage.broker.kill()
    if not keeps_data:
        stage.broker.lose_data()
    stage.broker.start()
    late = small_pdfs(1)[0]
    load.users[0].upload(late)
    settle(stage, load.prefix)
    assert load.finished() == before + occupancy.jobs + 1, f"{occupancy.name}: something is stuck"
    return last_finish(stage, load.prefix) - fault_at - occupancy.jobs / SLOTS * 2


def counts(stage: Stage) -> tuple[int, int]:
    running, waiting = stage.ask(
        "SELECT count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'dispatched') FROM parts"
    )[0]
    return running, waiting


def last_finish(stage: Stage, prefix: str) -> float:
    query = """SELECT extract(epoch FROM max(finished_at)) FROM jobs JOIN users ON users.id = owner_id
               WHERE email LIKE %s"""
    return float(stage.ask(query, f"{prefix}-%")[0][0])


@pytest.mark.skipif(BROKER == "amqp", reason="RabbitMQ has no FLUSHALL")
@pytest.mark.row("F07", "broker flushed ten times under load")
def test_flushing_the_broker_loses_nothing(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    load = make_load("f07")
    with load.running(every_s=0.1):
        time.sleep(8)
        first = time.time()
        for _ in range(10):
            fault_at = time.time()
            on_stage.broker.flush()
            time.sleep(1.2)
    conclude(load, line, fault_at=fault_at, within_s=60)
    compare_latency(load, line, fault_at=first)


@pytest.mark.row("F07", "broker frozen for 30 s")
def test_a_frozen_broker_delays_work_but_no_upload(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    load = make_load("f07")
    with load.running(every_s=0.2):
        time.sleep(8)
        fault_at = time.time()
        on_stage.broker.freeze()
        time.sleep(30)
        on_stage.broker.thaw()
    conclude(load, line, fault_at=fault_at, within_s=60)
    compare_latency(load, line, fault_at=fault_at)


@pytest.mark.row("F07", "links to the broker half-open for 60 s")
def test_a_black_hole_before_the_broker_delays_work_but_no_upload(
    on_stage: Stage, make_load: MakeLoad, line: Line
) -> None:
    load = make_load("f07")
    with load.running(every_s=0.35):
        time.sleep(8)
        fault_at = time.time()
        on_stage.broker_link.silence()
        time.sleep(60)
        on_stage.broker_link.sever()
        on_stage.broker_link.clear()
    conclude(load, line, fault_at=fault_at, within_s=90)
    compare_latency(load, line, fault_at=fault_at)


def compare_latency(load: Load, line: Line, *, fault_at: float) -> None:
    """The API does not need the broker: it answers during the fault as before it, or in 200 ms."""
    before, during = latency_s(load.journal, until=fault_at), latency_s(load.journal, since=fault_at)
    line.add(f"API p99 {1000 * before:.0f} ms before, {1000 * during:.0f} ms during")
    assert during <= max(0.2, 2 * before)


@pytest.mark.row("F11", "every message published three times and replayed later")
def test_doubled_and_stale_messages_claim_nothing(shared_stage: Shared, line: Line) -> None:
    found = shared_stage.get()
    found.close()
    shouted = found.folder / "shouted.jsonl"
    shouted.touch()
    found.open(SHOUTING, SHOUTED=str(shouted))
    load = Load(found, "f11")
    with load.running():
        eventually(lambda: shouted.stat().st_size > 0, within_s=30)
        fault_at = time.time()
    settle(found, load.prefix)
    time.sleep(REPLAY_AFTER_S)
    replayed = replay(found, [json.loads(bell) for bell in shouted.read_text().splitlines()])
    with load.running(small_pdfs(20)):
        pass
    verdict = conclude(load, line, fault_at=fault_at)
    load.close()
    line.add(f"{replayed} messages replayed after {REPLAY_AFTER_S} s")
    found.close()
    found.open()
    assert verdict.extra_runs == 0
    assert replayed >= 200


def replay(stage: Stage, bells: list[list[str]]) -> int:
    """Publish all messages of the run once more, in one go."""
    given: dict[str, Any] = {name.lower(): value for name, value in stage.environment().items() if name != "PYTHONPATH"}
    publisher = Celery("replay")
    publisher.conf.update(celery_settings(Settings(_env_file=None, **given)))
    for part_id, dispatch_seq, queue in bells:
        publisher.send_task(task_of(JobKind.EXTRACTION), args=(part_id, dispatch_seq), queue=queue)
    publisher.close()
    return len(bells)

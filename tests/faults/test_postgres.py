"""F08 and F09: Postgres restarts, dies, and stands still for longer than a lease."""

import time

import pytest

from tests.faults.conftest import MakeLoad
from tests.faults.journal import Journal
from tests.faults.rows import conclude
from tests.faults.stage import Stage
from tests.faults.table import Line

AWAY_S = 3
FROZEN_S = 40
LONGEST_ANSWER_S = 20  # Five seconds to connect, fifteen for a statement.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.mark.parametrize("is_clean", [True, False], ids=["fast", "killed -9"])
@pytest.mark.row("F08", "Postgres away for 3 s")
def test_a_restart_of_postgres_costs_seconds_and_no_work(
    on_stage: Stage, make_load: MakeLoad, line: Line, *, is_clean: bool
) -> None:
    line.fault += ": fast restart" if is_clean else ": killed -9"
    load = make_load("f08")
    with load.running(every_s=0.08):
        load.wait_finished(10)
        gone_at = time.time()
        if is_clean:
            on_stage.postgres.stop()
        else:
            on_stage.postgres.kill()
        time.sleep(AWAY_S)
        on_stage.postgres.start()
        back_at = time.time()
    verdict = conclude(load, line, fault_at=back_at, within_s=5)
    healed_s = first_answer(load.journal, since=back_at) - back_at
    said = statuses(load.journal, since=gone_at, until=back_at + 5)
    line.add(f"API well after {healed_s:.1f} s, {said.count(503)} times 503, {said.count(500)} times 500")
    assert healed_s <= 5
    assert said.count(503) > 0, "nobody noticed"
    assert verdict.unexpected == 0
    assert verdict.worst_s <= LONGEST_ANSWER_S


def first_answer(journal: Journal, *, since: float) -> float:
    """Return when the first good answer to the prober began (epoch)."""
    return min(entry.began for entry in journal.entries() if entry.status == 200 and entry.began >= since)


def statuses(journal: Journal, *, since: float, until: float) -> list[int]:
    return [entry.status for entry in journal.entries() if since <= entry.began <= until]


@pytest.mark.row("F09", f"Postgres frozen for {FROZEN_S} s")
def test_a_frozen_postgres_ends_no_part_twice(on_stage: Stage, make_load: MakeLoad, line: Line) -> None:
    load = make_load("f09")
    with load.running(every_s=0.2):
        load.wait_finished(10)
        on_stage.postgres.freeze()
        time.sleep(FROZEN_S)
        on_stage.postgres.thaw()
        thawed_at = time.time()
    verdict = conclude(load, line, fault_at=thawed_at, within_s=10)
    cut = sum(entry.status == 0 for entry in load.journal.entries())
    line.add(f"{cut} requests without an answer, {verdict.unexpected} times 5xx but 503")
    assert verdict.unexpected == 0

"""F18: a flood of one user's jobs delays its owner, not the others."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.checker import judge, settle
from tests.faults.conftest import LoadOn, Shared
from tests.faults.load import Load, small_pdfs
from tests.faults.stage import Stage, stage
from tests.faults.table import Line

FLOOD, OTHERS, EACH, THREADS = 10_000, 20, 5, 16
ROOM = str(2 * FLOOD)
GRACE_S = 0.5  # Below this a ratio of waits says something about the machine only.
WAITS = """
    SELECT extract(epoch FROM j.finished_at - j.created_at)::float8 FROM jobs j JOIN users u ON u.id = j.owner_id
    WHERE u.email LIKE %s ORDER BY 1"""
SHARES = """
    SELECT count(*)::float8 FROM attempts a JOIN parts p ON p.id = a.part_id,
        (SELECT min(j.created_at) AS first, max(j.started_at) AS last
         FROM jobs j JOIN users u ON u.id = j.owner_id WHERE u.email LIKE %s) AS crowd
    WHERE a.started_at BETWEEN crowd.first AND crowd.last GROUP BY p.owner_id"""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture
def own_stage(shared_stage: Shared) -> Iterator[Stage]:
    """Give a stage that nobody has to use after the flood."""
    shared_stage.close()
    with stage() as made:
        made.open(MAX_OPEN_JOBS=ROOM, MAX_QUEUED=ROOM)
        yield made


@pytest.mark.row("F18", "10,000 jobs of one user, then 20 users with 5 each")
def test_a_flood_of_one_user_hardly_delays_the_others(own_stage: Stage, load_on: LoadOn, line: Line) -> None:
    crowd(load_on(own_stage, "f18warm", users=OTHERS))
    idle = crowd(load_on(own_stage, "f18idle", users=OTHERS))
    idle_waits = waits(own_stage, idle)
    flood(load_on(own_stage, "f18flood", users=1))
    busy = crowd(load_on(own_stage, "f18busy", users=OTHERS))
    busy_waits = waits(own_stage, busy)
    left = own_stage.number("SELECT count(*) FROM parts WHERE state = 'queued'")
    index = jain([share for (share,) in own_stage.ask(SHARES, f"{busy.prefix}-%")])
    verdict = judge(own_stage, busy.prefix, busy.journal)
    line.fill(verdict)
    line.add(
        f"longest wait {idle_waits[-1]:.1f} s idle, {busy_waits[-1]:.1f} s flooded; median {median(idle_waits):.1f}"
    )
    line.add(f"and {median(busy_waits):.1f} s; Jain index {index:.2f}; {left} of the flood still wait")
    verdict.assert_clean()
    assert left > FLOOD / 2, "the flood was over too soon to delay anybody"
    assert busy_waits[-1] <= max(2 * idle_waits[-1], idle_waits[-1] + GRACE_S)
    assert index >= 0.8


def crowd(load: Load) -> Load:
    """Let 20 users upload 5 files each at the same time, and wait for all."""
    files = small_pdfs(OTHERS * EACH, pages=1)
    with ThreadPoolExecutor(OTHERS) as pool:
        list(pool.map(lambda n: [load.users[n].upload(file) for file in files[n::OTHERS]], range(OTHERS)))
    settle(load.stage, load.prefix)
    return load


def flood(load: Load) -> None:
    """Let one user upload 10,000 files; nothing starts before all is there."""
    load.stage.broker_link.silence()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(load.users[0].upload, small_pdfs(FLOOD, pages=1)))
    assert load.stage.number("SELECT count(*) FROM parts WHERE state IN ('queued', 'dispatched')") == FLOOD
    load.stage.broker_link.clear()


def waits(stage: Stage, load: Load) -> list[float]:
    return [wait for (wait,) in stage.ask(WAITS, f"{load.prefix}-%")]


def median(sorted_values: list[float]) -> float:
    return sorted_values[len(sorted_values) // 2]


def jain(shares: list[float]) -> float:
    """Return Jain's fairness index: 1 when all have the same, 1/n when one has all."""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))

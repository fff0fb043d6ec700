"""F22: random faults for as long as `--soak` says, under a steady load; nothing lost, and nothing that grows."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.faults.chaos import Chaos
from tests.faults.conftest import Shared
from tests.faults.gauges import Gauges
from tests.faults.load import Load, slow_pdfs, small_pdfs
from tests.faults.rows import conclude
from tests.faults.stage import Stage
from tests.faults.table import Line
from tests.platforms import ROOT

EVERY_S = 20.0
UPLOAD_EVERY_S = 0.5
SEED = int(os.environ.get("SOAK_SEED", "22"))
pytestmark = [pytest.mark.faults, pytest.mark.soak]


@pytest.mark.row("F22", "a random fault every 20 s")
def test_random_faults_lose_nothing_and_nothing_grows(shared_stage: Shared, line: Line, soak_minutes: float) -> None:
    stage = shared_stage.get()
    stage.close()
    stage.open(ACCESS_TOKEN_MINUTES=str(int(soak_minutes) + 60))
    load, chaos, gauges = Load(stage, "f22"), Chaos(stage, seed=SEED), Gauges(stage)
    until = time.monotonic() + 60 * soak_minutes
    with gauges.reading(), load.running(mixed_pdfs(int(60 * soak_minutes / UPLOAD_EVERY_S)), every_s=UPLOAD_EVERY_S):
        for last in strikes(chaos, until=until):
            struck_at = last
    verdict = conclude(load, line, fault_at=struck_at)
    load.close()
    trends = gauges.trends()
    line.fault += f", {soak_minutes:g} min, seed {SEED}: {chaos.struck} faults"
    line.add(f"{verdict.states}, {verdict.unexpected} answers 500/502/504; {', '.join(map(str, trends))}")
    assert stage.becomes_sound(within_s=60)
    line.add(audited(stage))
    assert not [trend for trend in trends if not trend.is_flat]


def mixed_pdfs(count: int) -> list[bytes]:
    """Return mostly small files; every tenth takes about two seconds, so that faults find something running."""
    slow = slow_pdfs(count // 10, seconds=2)
    return [slow[n // 10] if n % 10 == 9 else small for n, small in enumerate(small_pdfs(count))]


def strikes(chaos: Chaos, *, until: float) -> Iterator[float]:
    """Strike at regular times and yield when (epoch)."""
    start = time.monotonic()
    for number in itertools.count(1):
        due = start + number * EVERY_S
        if due > until:
            time.sleep(max(0, until - time.monotonic()))
            return
        time.sleep(max(0, due - time.monotonic()))
        at = time.time()
        chaos.strike()
        yield at


def audited(stage: Stage) -> str:
    """Ask the product itself whether its promises hold and return its last line."""
    environment = {**os.environ, **stage.environment(), "DATABASE_URL": stage.postgres.url(), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "cli", "audit"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout.strip().splitlines()[-1]

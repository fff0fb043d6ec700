"""F17: PDFs that want more memory than there is, by the sandbox's own limit and by the kernel's killer."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults import processes
from tests.faults.conftest import Shared
from tests.faults.load import Load, small_pdfs
from tests.faults.rows import conclude
from tests.faults.stage import PYTHON, USUAL, Stage, worker_line
from tests.faults.table import Line
from tests.pdf_files import hungry_page_pdf

CONTROLLER = Path("/sys/fs/cgroup/memory")
CAGE_BYTES = 512 * 2**20
CAGED = {
    **USUAL,
    "worker1": worker_line(1, before=f"{PYTHON} -m tests.faults.caged $CAGE1 "),
    "worker2": worker_line(2, before=f"{PYTHON} -m tests.faults.caged $CAGE2 "),
}
HUNGRY = 6
GOOD = 100
HUNGRY_ENDS = """
    SELECT j.state, max(p.attempt), min(coalesce(j.error_code, j.failed_pages::jsonb->0->>'code'))
    FROM jobs j JOIN parts p ON p.job_id = j.id JOIN users u ON u.id = j.owner_id
    WHERE u.email LIKE %s AND j.state <> 'succeeded' GROUP BY j.id, j.state"""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture
def cages() -> Iterator[list[Path]]:
    """Make a memory cgroup (version 1) for each worker; skips where that is not allowed."""
    made = [CONTROLLER / f"sheaf-faults-{uuid4().hex[:8]}" for _ in range(2)]
    try:
        for cage in made:
            cage.mkdir()
            (cage / "memory.limit_in_bytes").write_text(str(CAGE_BYTES))
    except OSError:
        pytest.skip("no memory controller of cgroup version 1 that may be used here")
    yield made
    for cage in made:
        with suppress(OSError):
            cage.rmdir()


@pytest.mark.row("F17", f"{HUNGRY} PDFs of 1 GiB among {GOOD} good ones, sandbox limited to 256 MB")
def test_a_hungry_pdf_fails_at_once_by_the_sandbox_limit(shared_stage: Shared, line: Line) -> None:
    found = shared_stage.get()
    found.close()
    found.open(SANDBOX_MEMORY_MB="256")
    ends = feed(found, line)
    found.close()
    found.open()
    assert {attempts for _, attempts, _ in ends} == {1}


@pytest.mark.row("F17", f"{HUNGRY} PDFs of 1 GiB among {GOOD} good ones, workers in cgroups of 512 MB")
def test_a_pdf_that_calls_the_oom_killer_is_given_up_after_two_attempts(
    shared_stage: Shared, cages: list[Path], line: Line
) -> None:
    found = shared_stage.get()
    found.close()
    found.open(CAGED, CAGE1=str(cages[0]), CAGE2=str(cages[1]))
    workers = [process.pid for process in processes.workers(found)]
    ends = feed(found, line)
    survivors = [process.pid for process in processes.workers(found)]
    line.add(f"{sum(map(oom_kills, cages))} OOM kills")
    found.close()
    found.open()
    assert sum(map(oom_kills, cages)) > 0, "nothing was ever killed"
    assert max(attempts for _, attempts, _ in ends) <= 2
    assert survivors == workers


def feed(stage: Stage, line: Line) -> list[tuple[str, int, str]]:
    """Upload good and hungry PDFs and return the state, the attempts and the code of those that did not succeed."""
    load = Load(stage, "f17")
    good = small_pdfs(GOOD)
    for number in range(HUNGRY):
        good.insert(number * GOOD // HUNGRY, hungry_page_pdf(pages=number + 1, hungry=number + 1))
    load.upload(good)
    verdict = conclude(load, line, fault_at=0)
    line.recover = ""
    ends = [(state, attempts, code) for state, attempts, code in stage.ask(HUNGRY_ENDS, f"{load.prefix}-%")]
    load.close()
    line.add(
        f"{verdict.states}, {sorted({code for _, _, code in ends})}, at most {max(n for _, n, _ in ends)} attempts"
    )
    assert verdict.states["succeeded"] == GOOD, "a neighbour did not finish"
    return ends


def oom_kills(cage: Path) -> int:
    told = dict(word.split() for word in (cage / "memory.oom_control").read_text().splitlines())
    return int(told["oom_kill"])

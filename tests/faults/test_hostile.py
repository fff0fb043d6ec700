"""F16: hostile PDFs of one user beside as many good ones of others."""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import pytest

from tests import pdf_files
from tests.acceptance.test_hostile import EXPECTED, TOO_MUCH
from tests.faults.checker import judge, settle
from tests.faults.conftest import LoadOn, Shared
from tests.faults.load import Load, small_pdfs
from tests.faults.stage import Stage, stage
from tests.faults.table import Line

COUNT = 100
EVERY_S = 0.5
# Short limits make no file less hostile, and let a hundred of them end within minutes.
LIMITS: dict[str, Any] = {"PAGE_TIMEOUT_S": "3", "SANDBOX_MEMORY_MB": "512", "MAX_PAGES": "1000"}
# What succeeds in plain pdfplumber takes up to 16 s, so with these limits it may also end as too much.
CODES = {name: {*codes, *TOO_MUCH} if codes == (None,) else set(codes) for name, (_, codes) in EXPECTED.items()}
TOOK = """
    SELECT extract(epoch FROM j.finished_at - j.created_at)::float8 FROM jobs j JOIN users u ON u.id = j.owner_id
    WHERE u.email LIKE %s ORDER BY 1"""
ENDED = """
    SELECT j.error_code, j.state FROM jobs j JOIN users u ON u.id = j.owner_id WHERE u.email LIKE %s ORDER BY j.id"""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture
def strict_stage(shared_stage: Shared) -> Iterator[Stage]:
    shared_stage.close()
    with stage() as made:
        made.open(**LIMITS)
        yield made


@pytest.mark.row("F16", f"{COUNT} hostile PDFs mixed 1:1 with good ones")
def test_hostile_pdfs_end_with_their_code_and_hardly_delay_good_ones(
    strict_stage: Stage, load_on: LoadOn, line: Line
) -> None:
    began = time.time()
    alone = load_on(strict_stage, "f16alone")
    with alone.running(small_pdfs(COUNT), every_s=EVERY_S):
        pass
    settle(strict_stage, alone.prefix)
    bad, good = load_on(strict_stage, "f16bad", users=1, threads=2), load_on(strict_stage, "f16good")
    names = list(islice(cycle(pdf_files.HOSTILE), COUNT))
    with bad.running(hostile(names, bad.prefix), every_s=EVERY_S), good.running(small_pdfs(COUNT), every_s=EVERY_S):
        pass
    settle(strict_stage, bad.prefix, within_s=300)
    settle(strict_stage, good.prefix)
    verdict = judge(strict_stage, good.prefix, good.journal, fault_at=began)
    line.fill(verdict)
    before, during = p95(strict_stage, alone), p95(strict_stage, good)
    ended = strict_stage.ask(ENDED, f"{bad.prefix}-%")
    line.add(f"good ones p95 {before:.2f} s alone, {during:.2f} s mixed; hostile: {told(ended)}")
    verdict.assert_clean()
    assert verdict.states == {"succeeded": COUNT}
    assert len(ended) == COUNT
    assert [(name, code) for name, (code, _) in zip(names, ended, strict=True) if code not in CODES[name]] == []
    assert judge(strict_stage, bad.prefix, bad.journal).is_clean
    assert during <= max(2 * before, before + 1)


def hostile(names: list[str], stamp: str) -> list[bytes]:
    """Return such files, each with bytes of its own, so that none is a duplicate of another."""
    made = {name: pdf_files.HOSTILE[name]() for name in set(names)}
    return [made[name] + f"% {stamp} {n}".encode() for n, name in enumerate(names)]


def p95(stage: Stage, load: Load) -> float:
    took = [seconds for (seconds,) in stage.ask(TOOK, f"{load.prefix}-%")]
    return float(took[int(0.95 * len(took))])


def told(ended: list[tuple[str | None, str]]) -> str:
    return ", ".join(f"{n} {code or state}" for (code, state), n in sorted(Counter(ended).items(), key=str))

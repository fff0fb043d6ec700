"""F16: hostile PDFs of one user beside as many good ones of others."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, cycle, islice
from typing import Any

import pytest

from tests import pdf_files
from tests.acceptance.test_hostile import EXPECTED, TOO_MUCH
from tests.faults.checker import judge, settle
from tests.faults.conftest import LoadOn, Shared
from tests.faults.load import Load, small_pdfs
from tests.faults.stage import USUAL, Stage, stage
from tests.faults.table import Line
from tests.faults.users import User

COUNT = 100
EVERY_S = 0.5
# Short limits make no file less hostile, and let a hundred of them end within minutes.
PAGE_TIMEOUT_S = 3
LIMITS: dict[str, Any] = {"PAGE_TIMEOUT_S": str(PAGE_TIMEOUT_S), "SANDBOX_MEMORY_MB": "512", "MAX_PAGES": "1000"}
# What succeeds in plain pdfplumber takes up to 16 s. Which of these short limits a file meets first is the machine's;
# only what cannot be opened at all is told at once.
TOO_SLOW = (*TOO_MUCH, "open_timeout")
BROKEN = ("damaged_pdf",)
CODES = {name: set(codes) if codes == BROKEN else {*codes, *TOO_SLOW} for name, (_, codes) in EXPECTED.items()}
TOOK = """
    SELECT extract(epoch FROM j.finished_at - j.created_at)::float8 FROM jobs j JOIN users u ON u.id = j.owner_id
    WHERE u.email LIKE %s ORDER BY 1"""
ENDED = """
    SELECT d.sha256, j.error_code, j.state FROM jobs j JOIN users u ON u.id = j.owner_id
    JOIN documents d ON d.id = j.document_id WHERE u.email LIKE %s"""
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
    files = hostile(names, bad.prefix)
    with bad.running(files, every_s=EVERY_S), good.running(small_pdfs(COUNT), every_s=EVERY_S):
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
    named = {hashlib.sha256(file).hexdigest(): name for name, file in zip(names, files, strict=True)}
    assert [(named[sha], code) for sha, code, _ in ended if code not in CODES[named[sha]]] == []
    assert judge(strict_stage, bad.prefix, bad.journal).is_clean
    assert during <= max(2 * before, before + 1), "a slot was not free for them"


@pytest.fixture
def two_slots(shared_stage: Shared) -> Iterator[Stage]:
    shared_stage.close()
    with stage() as made:
        made.open({name: USUAL[name] for name in ("api", "worker1", "dispatcher1")}, slots=2, **LIMITS)
        yield made


@pytest.mark.row("F16", "one of two slots fed with hostile PDFs")
def test_a_slot_fed_with_hostile_pdfs_hardly_slows_the_other(two_slots: Stage, load_on: LoadOn, line: Line) -> None:
    alone, beside = load_on(two_slots, "f16quiet"), load_on(two_slots, "f16beside")
    with alone.running(small_pdfs(COUNT), every_s=EVERY_S):
        pass
    settle(two_slots, alone.prefix)
    bad = load_on(two_slots, "f16one", users=1)
    with feeding(bad.users[0], bad.prefix), beside.running(small_pdfs(COUNT), every_s=EVERY_S):
        pass
    settle(two_slots, beside.prefix)
    before, during = p95(two_slots, alone), p95(two_slots, beside)
    line.add(f"good ones p95 {before:.3f} s alone, {during:.3f} s beside {bad.finished()} hostile ones")
    assert judge(two_slots, beside.prefix, beside.journal).is_clean
    assert during <= 1.5 * before + 0.1


@contextmanager
def feeding(user: User, stamp: str) -> Iterator[None]:
    """Upload hostile PDFs one after another within the block, each when the one before has ended."""
    enough = threading.Event()

    def feed() -> None:
        for n, name in zip(count(), cycle(pdf_files.HOSTILE)):
            if enough.is_set():
                return
            job = user.upload(pdf_files.HOSTILE[name]() + f"% {stamp} {n}".encode()).job_id
            while not (enough.wait(0.05) or user.get(f"/jobs/{job}")["done"]):
                pass

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def hostile(names: list[str], stamp: str) -> list[bytes]:
    """Return such files, each with bytes of its own, so that none is a duplicate of another."""
    made = {name: pdf_files.HOSTILE[name]() for name in set(names)}
    return [made[name] + f"% {stamp} {n}".encode() for n, name in enumerate(names)]


def p95(stage: Stage, load: Load) -> float:
    took = [seconds for (seconds,) in stage.ask(TOOK, f"{load.prefix}-%")]
    return float(took[int(0.95 * len(took))])


def told(ended: list[tuple[str, str | None, str]]) -> str:
    return ", ".join(f"{n} {word}" for word, n in sorted(Counter(code or state for _, code, state in ended).items()))

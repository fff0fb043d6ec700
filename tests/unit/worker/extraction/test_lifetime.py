"""Who dies with whom: a child can be lost at any time, and no child outlives the one who waits for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from tests import pdf_files
from tests.unit.worker.extraction.extracting import LIMITS, Extract, are_gone, outcome
from worker.extraction.children import ServerHung
from worker.extraction.sandbox import ROOT, ExtractionFailed, Sandbox, SandboxCrashed, SandboxUnavailable

SLOW = pdf_files.slow_page_pdf(3, slow=2)
KILLS = [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT]


class Stop(Exception):
    """What a test's `on_wait` raises."""


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Extract]:
    with Sandbox(fork_timeout_s=0.5) as sandbox:
        yield Extract(sandbox, tmp_path)


@pytest.mark.processes
@pytest.mark.parametrize("killed", ["worker", "server"])
def test_no_descendant_survives_a_killed_worker_or_server(tmp_path: Path, killed: str) -> None:
    (tmp_path / "slow.pdf").write_bytes(pdf_files.slow_page_pdf())
    command = [sys.executable, "-m", "tests.unit.worker.extraction.slot", str(tmp_path / "slow.pdf")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
        try:
            server, child = busy_descendants(worker)
            (worker if killed == "worker" else server).kill()
            assert are_gone([server, child], within_s=2)
        finally:
            worker.kill()


@pytest.mark.parametrize("number", KILLS)
def test_a_child_that_dies_by_a_signal_is_a_crash_and_the_rest_can_be_read(extract: Extract, number: int) -> None:
    with extract(SLOW, on_wait=kill_when_busy(extract, number)) as extraction:
        assert extraction.open(count_all=False) == 3
        with pytest.raises(SandboxCrashed) as crash:
            list(extraction.read([2, 3]))
        assert (crash.value.page, crash.value.signal) == (2, number)
        assert extraction.report.signal == number
        assert extraction.open(count_all=False) == 3
        assert [page.number for page in extraction.read([3])] == [3]
        assert [outcome(page) for page in extraction.read([1])] == ["read"]
        assert extraction.report.exit_code == 0


@pytest.mark.parametrize(
    "misdeed",
    [
        "garbage",
        "no JSON",
        "nested",
        "no sizes",
        "negative size",
        "another page",
        "no parts",
        "text as width",
        "unknown layer",
        "a number as reason",
        "a long reason",
        "a reason of lines",
        "content without text",
        "words without end",
        "spans without fonts",
        "endless spans",
        "many tables",
        "leave",
        "SIGSEGV",
        "SIGABRT",
    ],
)
def test_a_child_that_was_taken_over_is_a_crash(misbehave: Extract, misdeed: str) -> None:
    with pytest.raises(SandboxCrashed) as crash:
        misbehave.pages(b"", password=misdeed)
    assert crash.value.page == 1
    assert not misbehave.children


def test_what_on_wait_raises_kills_the_child(extract: Extract) -> None:
    started = time.monotonic()

    def stop_later() -> None:
        if time.monotonic() > started + 1:
            raise Stop

    with extract(SLOW, on_wait=stop_later) as extraction:
        extraction.open(count_all=False)
        with pytest.raises(Stop):
            list(extraction.read([1, 2, 3]))
        assert not extract.children
        assert extraction.report.signal == signal.SIGKILL
        assert (extraction.report.cpu_s or 0) > 0


def test_on_wait_is_called_for_each_page_and_twice_a_second(extract: Extract) -> None:
    calls = [time.monotonic()]
    limits = replace(LIMITS, page_timeout_s=2)
    with extract(SLOW, limits=limits, on_wait=lambda: calls.append(time.monotonic())) as extraction:
        extraction.open(count_all=False)
        list(extraction.read([1, 2, 3]))
    assert len(calls) >= 8
    assert max(later - earlier for earlier, later in pairwise(calls)) < 1


def test_leaving_kills_a_living_child(extract: Extract) -> None:
    with extract(SLOW) as extraction:
        extraction.open(count_all=False)
        next(extraction.read([1, 2]))
        extraction.open(count_all=False)
        assert len(extract.children) == 1
    assert not extract.children


def test_pages_that_nobody_waits_for_are_forgotten(extract: Extract) -> None:
    with extract(pdf_files.text_pdf(pages=3)) as extraction:
        extraction.open(count_all=False)
        first = extraction.read([1, 2])
        next(first)
        first.close()  # type: ignore[attr-defined]  # It is a generator, as `for` loops see when they are left.
        assert [page.number for page in extraction.read([3])] == [3]


def test_a_server_that_died_is_started_again(own_sandbox: Sandbox, tmp_path: Path) -> None:
    extract = Extract(own_sandbox, tmp_path)
    first = own_sandbox.server_pid
    assert first is not None
    with extract(SLOW, on_wait=kill_when_busy(extract, signal.SIGKILL, server=first)) as extraction:
        extraction.open(count_all=False)
        with pytest.raises(SandboxUnavailable):  # No page is to blame.
            list(extraction.read([1, 2]))
        assert extraction.open(count_all=False) == 3
    assert own_sandbox.server_pid != first


def test_a_server_that_hangs_is_replaced_while_an_extraction_waits(impatient: Extract) -> None:
    hung = psutil.Process(impatient.sandbox.server_pid)
    hung.suspend()
    assert [outcome(page) for page in impatient.pages(pdf_files.text_pdf())] == ["read"]
    assert impatient.sandbox.server_pid != hung.pid
    assert not hung.is_running()


def test_a_child_that_dies_with_its_replaced_server_costs_no_page(impatient: Extract) -> None:
    with impatient(pdf_files.text_pdf(pages=3)) as extraction:
        extraction.open(count_all=False)
        psutil.Process(impatient.sandbox.server_pid).suspend()
        impatient.pages(pdf_files.text_pdf())
        with pytest.raises(SandboxUnavailable):
            list(extraction.read([1]))
        assert [outcome(page) for page in extraction.read([1])] == ["read"]


@pytest.mark.parametrize("waits_s", [(0,) * 4, (0, 0.1, 0.2, 0.3)], ids=["at once", "one after the other"])
def test_slots_that_wait_together_replace_a_hung_server_once(impatient: Extract, waits_s: tuple[float, ...]) -> None:
    psutil.Process(impatient.sandbox.server_pid).suspend()
    with ThreadPoolExecutor(4) as threads:
        read = threads.map(lambda wait_s: read_later(impatient, wait_s), waits_s)
    assert list(read) == ["read"] * len(waits_s)


def test_a_server_that_hangs_again_and_again_is_no_sandbox(tmp_path: Path) -> None:
    no_blob = Extract.blob(tmp_path, b"")
    with Sandbox("tests.unit.worker.extraction.hanging", fork_timeout_s=0.3) as sandbox, pytest.raises(ServerHung):
        sandbox.spawn(no_blob)
    assert issubclass(ServerHung, SandboxUnavailable)


def test_closing_ends_the_server_and_its_children(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        child = sandbox.spawn(Extract.blob(tmp_path, b""))
        processes = [psutil.Process(sandbox.server_pid), psutil.Process(child.pid)]
    assert are_gone(processes, within_s=2)
    child.end(kill=True)


def test_a_server_that_cannot_start_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SandboxUnavailable):
        Sandbox("worker.extraction.no_such_program").start()
    assert "no_such_program" in capfd.readouterr().err


def test_threads_share_one_server(extract: Extract) -> None:
    pdf = pdf_files.text_pdf(pages=2)
    with ThreadPoolExecutor(8) as threads:
        read = threads.map(lambda _: [outcome(page) for page in extract.pages(pdf)], range(24))
    assert list(read) == [["read", "read"]] * 24


def test_no_descriptor_is_left_behind(extract: Extract) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    for pdf in (pdf_files.text_pdf(), b"damaged", pdf_files.one_bad_page_pdf()):
        with extract(pdf) as extraction, suppress(ExtractionFailed):
            extraction.open(count_all=False)
            list(extraction.read([1]))
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def read_later(extract: Extract, wait_s: float) -> str:
    """Wait a little, and again while the child is there: a server that is killed meanwhile takes it along."""
    time.sleep(wait_s)
    with extract(pdf_files.text_pdf()) as extraction:
        extraction.open(count_all=False)
        time.sleep(0.5)
        return outcome(*extraction.read([1]))


def busy_descendants(worker: "subprocess.Popen[bytes]") -> tuple[psutil.Process, psutil.Process]:
    """Wait until the child has worked on the page for a while."""
    assert worker.stdout is not None
    for _ in range(3):
        assert worker.stdout.readline() == b"\n"
    (server,) = psutil.Process(worker.pid).children()
    (child,) = server.children()
    assert child.cpu_times().user > 0
    return server, child


def kill_when_busy(extract: Extract, number: int, *, server: int | None = None) -> Callable[[], None]:
    """Return an `on_wait` that once, when the slow page is being read, kills the child or the server."""
    calls = iter(range(100))

    def on_wait() -> None:
        if next(calls) == 2:
            os.kill(server or extract.children[0].pid, number)

    return on_wait

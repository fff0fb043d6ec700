"""A child that read its pages in good order waits for the next extraction of its document, and for no other."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from shared.claims import AttemptReport
from tests import pdf_files
from tests.unit.worker.extraction.extracting import LIMITS, Extract, are_gone, outcome
from worker.extraction.limits import Limits
from worker.extraction.parking import Parking
from worker.extraction.sandbox import ROOT, Extraction, ExtractionFailed, Sandbox

PDF = pdf_files.text_pdf(pages=6)
KEY = ("document", "password")


def read(
    extract: Extract,
    numbers: list[int],
    *,
    key: Hashable | None = KEY,
    password: str | None = None,
    limits: Limits = LIMITS,
) -> list[str]:
    """Read pages that were counted before, as a later part does."""
    with extract(PDF, password=password, limits=limits, warm_key=key) as extraction:
        return [outcome(page) for page in extraction.read(numbers)]


def pids(extract: Extract) -> set[int]:
    return {child.pid for child in extract.children}


def test_the_child_of_a_part_reads_its_neighbour(warm: Extract) -> None:
    with warm(PDF, warm_key=KEY) as extraction:
        assert extraction.open(count_all=True) == 6
        first = [page.number for page in extraction.read([1, 2])]
    parked = pids(warm)
    with warm(PDF, warm_key=KEY) as extraction:
        second = [page.number for page in extraction.read([3, 4])]
        assert pids(warm) == parked
    assert (first, second, len(parked)) == ([1, 2], [3, 4], 1)


def test_a_child_reads_again_in_the_same_extraction(warm: Extract) -> None:
    with warm(PDF, warm_key=KEY) as extraction:
        list(extraction.read([1]))
        first = pids(warm)
        assert [page.number for page in extraction.read([5, 2])] == [5, 2]
        assert pids(warm) == first


def test_a_warm_child_gives_what_a_fresh_one_gives(warm: Extract) -> None:
    read(warm, [5, 1])
    with warm(PDF, warm_key=KEY) as extraction:
        assert list(extraction.read([2, 1, 6])) == warm.pages(PDF, [2, 1, 6])


@pytest.mark.parametrize(
    "other",
    [{"key": ("other", "password")}, {"key": None}, {"password": "p"}, {"limits": replace(LIMITS, memory_mb=256)}],
    ids=["document", "no key", "password", "limits"],
)
def test_a_child_is_not_for_another_document_password_or_limit(warm: Extract, other: dict[str, object]) -> None:
    read(warm, [1])
    (parked,) = pids(warm)
    with warm(PDF, **{"warm_key": other.pop("key", KEY), **other}) as extraction:  # type: ignore[arg-type]  # Of each test.
        next(extraction.read([2]))
        assert parked in pids(warm)
        assert len(pids(warm)) == 2


def test_a_child_is_taken_by_one_extraction_at_a_time(warm: Extract) -> None:
    read(warm, [1])
    with reading(warm), reading(warm):
        both = pids(warm)
        assert len(both) == 2
    with reading(warm), reading(warm):
        assert pids(warm) == both


@contextmanager
def reading(extract: Extract) -> Iterator[Extraction]:
    """Read a page and stay in the extraction."""
    with extract(PDF, warm_key=KEY) as extraction:
        list(extraction.read([1]))
        yield extraction


def test_the_child_that_waited_longest_makes_room(warm: Extract) -> None:
    read(warm, [1], key="first")
    first = pids(warm)
    read(warm, [1], key="second")
    second = pids(warm) - first
    read(warm, [1], key="third")
    assert len(pids(warm)) == 2
    assert second < pids(warm)
    assert not first & pids(warm)


def test_without_places_no_child_is_kept(extract: Extract) -> None:
    with extract(PDF, warm_key=KEY) as extraction:
        list(extraction.read([1]))
        assert not extract.children
        assert extraction.report.exit_code == 0


def test_a_child_waits_for_a_while_only(sandbox: Sandbox, no_blob: Callable[[], int]) -> None:
    parking, child = Parking(1, idle_s=1), sandbox.spawn(no_blob)
    process = psutil.Process(child.pid)
    parking.park(KEY, child)
    time.sleep(0.1)
    assert process.is_running()
    assert are_gone([process], within_s=5)
    assert parking.take(KEY) is None


def test_a_child_that_was_taken_is_not_ended_by_its_wait(sandbox: Sandbox, no_blob: Callable[[], int]) -> None:
    parking, child = Parking(1, idle_s=0.3), sandbox.spawn(no_blob)
    parking.park(KEY, child)
    assert parking.take(KEY) is child
    time.sleep(0.5)
    assert child.is_quiet()
    child.end(kill=True)


def test_closing_ends_parked_children(warm: Extract) -> None:
    read(warm, [1])
    parked = warm.children
    warm.sandbox.close()
    assert are_gone(parked, within_s=2)
    assert len(parked) == 1


def test_a_child_parked_after_closing_is_ended(warm: Extract) -> None:
    with warm(PDF, warm_key=KEY) as extraction:
        list(extraction.read([1]))
        (child,) = warm.children
        warm.sandbox.close()
    assert are_gone([child], within_s=2)


def test_a_child_whose_server_died_is_not_used(warm: Extract) -> None:
    read(warm, [1])
    server = psutil.Process(warm.sandbox.server_pid)
    server.kill()
    server.wait()
    assert read(warm, [2]) == ["read"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_parked_child_that_died_is_not_used(warm: Extract, number: int) -> None:
    read(warm, [1])
    (child,) = warm.children
    child.send_signal(number)
    assert are_gone([child], within_s=2)
    with warm(PDF, warm_key=KEY) as extraction:
        assert [outcome(page) for page in extraction.read([2])] == ["read"]
        assert extraction.report.signal is None


def test_a_child_that_said_more_than_it_was_asked_is_not_kept(warm_misbehave: Extract) -> None:
    read(warm_misbehave, [1], password="speak twice")
    assert not warm_misbehave.children


def test_a_dead_child_takes_no_place(sandbox: Sandbox, no_blob: Callable[[], int]) -> None:
    parking, living, dead = Parking(1), sandbox.spawn(no_blob), sandbox.spawn(no_blob)
    parking.park(KEY, living)
    process = psutil.Process(dead.pid)
    dead.kill()
    assert are_gone([process], within_s=2)
    parking.park(KEY, dead)
    assert parking.take(KEY) is living
    living.end(kill=True)


@pytest.mark.parametrize("misdeed", ["speak later", "leave later"])
def test_a_parked_child_that_does_not_keep_quiet_is_not_used(warm_misbehave: Extract, misdeed: str) -> None:
    read(warm_misbehave, [1], password=misdeed)
    before = pids(warm_misbehave)
    time.sleep(0.5)
    with warm_misbehave(PDF, password=misdeed, warm_key=KEY) as extraction:
        assert [outcome(page) for page in extraction.read([2])] == ["read"]
        assert not pids(warm_misbehave) & before


@pytest.mark.parametrize(
    ("password", "numbers", "is_kept"),
    [
        ("hold memory", [2], True),
        ("hold memory", [1], False),
        ("work", [2], True),
        ("work", [1], False),
        ("leave", [2] * 500, True),
        ("leave", [2] * 501, False),
    ],
)
def test_a_child_that_has_used_much_is_not_kept(
    warm_misbehave: Extract, password: str, numbers: list[int], *, is_kept: bool
) -> None:
    with suppress(ExtractionFailed):  # On a busy machine the time may be over before the work is done.
        read(warm_misbehave, numbers, password=password, limits=replace(LIMITS, job_timeout_s=2))
    assert len(warm_misbehave.children) == is_kept


def test_a_child_that_owes_pages_is_not_kept(warm_misbehave: Extract) -> None:
    with warm_misbehave(PDF, password="sleep", warm_key=KEY) as extraction:
        list(extraction.read([2]))
        pages = extraction.read([2, 1])
        assert next(pages).number == 2
    assert not warm_misbehave.children


def test_a_child_is_not_kept_after_an_exception(warm: Extract) -> None:
    with pytest.raises(KeyError), reading(warm):
        raise KeyError
    assert not warm.children


def test_a_page_that_costs_a_parked_child_its_life_is_read_by_a_fresh_one(warm_misbehave: Extract) -> None:
    assert read(warm_misbehave, [2], password="used: SIGSEGV") == ["read"]
    assert read(warm_misbehave, [1], password="used: SIGSEGV") == ["read"]


def test_the_cpu_time_of_earlier_parts_is_not_this_ones(warm_misbehave: Extract) -> None:
    read(warm_misbehave, [2], password="used: use CPU")
    assert read(warm_misbehave, [1], password="used: use CPU") == ["read"]
    read(warm_misbehave, [2], password="use CPU")
    with pytest.raises(ExtractionFailed) as failed:
        read(warm_misbehave, [1], password="use CPU")
    assert failed.value.failure.code == "job_timeout"


def test_a_report_counts_a_living_child_from_when_it_was_taken(warm_misbehave: Extract) -> None:
    reports = []
    for numbers in ([1], [2]):
        with warm_misbehave(PDF, password="work", warm_key=KEY) as extraction:
            list(extraction.read(numbers))
            reports.append(extraction.report)
    first, second = reports
    assert (first.cpu_s or 0) > 1
    assert (second.cpu_s or 0) < 0.2
    assert first.peak_rss_mb
    assert second == AttemptReport(peak_rss_mb=second.peak_rss_mb, cpu_s=second.cpu_s)


def test_no_descriptor_is_left_behind_by_parked_children(warm: Extract) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    for key in ("first", "second", "third", "third"):
        read(warm, [1], key=key)
    warm.sandbox.close()
    assert len([*Path("/proc/self/fd").iterdir()]) == before - 1  # The server's control socket.


@pytest.mark.processes
@pytest.mark.parametrize("killed", ["worker", "server"])
def test_no_parked_child_survives_a_killed_worker_or_server(tmp_path: Path, killed: str) -> None:
    (tmp_path / "quick.pdf").write_bytes(PDF)
    command = [sys.executable, "-m", "tests.unit.worker.extraction.slot", str(tmp_path / "quick.pdf")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
        try:
            assert worker.stdout is not None
            for _ in range(5):
                assert worker.stdout.readline() == b"\n"
            (server,) = psutil.Process(worker.pid).children()
            (child,) = server.children()
            (worker if killed == "worker" else server).kill()
            assert are_gone([server, child], within_s=2)
        finally:
            worker.kill()

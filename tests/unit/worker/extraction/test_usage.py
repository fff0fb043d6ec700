"""What /proc says about a process."""

import os
import subprocess
import sys

import psutil
import pytest

from worker.extraction.usage import usage_of

NAMED = "import ctypes, sys; ctypes.CDLL(None).prctl(15, b'a) 1 2 3 4 5'); print(flush=True); sys.stdin.read()"


def test_what_a_process_uses_is_what_the_kernel_counts() -> None:
    used, known = usage_of(os.getpid()), psutil.Process()
    assert used
    assert used.cpu_s == pytest.approx(sum(known.cpu_times()[:2]), abs=0.1)
    assert used.rss_mb == pytest.approx(known.memory_info().rss / 2**20, rel=0.1)
    assert used.peak_rss_mb >= used.rss_mb


def test_a_process_cannot_hide_behind_its_name() -> None:
    with subprocess.Popen([sys.executable, "-c", NAMED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as named:
        assert named.stdout
        named.stdout.readline()
        used = usage_of(named.pid)
        named.kill()
    assert used
    assert 0 <= used.cpu_s < 10


def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert usage_of(gone.pid) is None

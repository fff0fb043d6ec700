"""F14: the clocks of Sheaf's processes are an hour off, in both directions, and jump; only the database's counts."""

import time
from pathlib import Path

import pytest

from tests.faults.conftest import Shared
from tests.faults.load import Load, slow_pdfs, small_pdfs
from tests.faults.rows import conclude
from tests.faults.stage import USUAL, Lines
from tests.faults.table import Line

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
FAKED = f"env LD_PRELOAD={LIBRARY} FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_CACHE_DURATION=1 FAKETIME_TIMESTAMP_FILE="
READ_AGAIN_S = 3
pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not LIBRARY.exists(), reason="no libfaketime on this machine"),
]


class Clocks:
    """What the processes of each kind take for the time, by a file for each that can be changed while they run."""

    def __init__(self, folder: Path, **hours: int) -> None:
        """Set clocks for these kinds: `api`, `worker`, `dispatcher`."""
        self._folder = folder
        self.set(**hours)

    def set(self, **hours: int) -> None:
        for kind, off in hours.items():
            (self._folder / f"{kind}.clock").write_text(f"{off * 3600:+d}\n")

    def lines(self) -> Lines:
        return {name: f"{FAKED}{self._folder}/{name.rstrip('12')}.clock {line}" for name, line in USUAL.items()}


@pytest.mark.parametrize("hours", [1, -1])
@pytest.mark.row("F14", "clocks wrong and jumping")
def test_wrong_clocks_expire_nothing(shared_stage: Shared, line: Line, *, hours: int) -> None:
    line.fault = f"clock of the API {hours:+d} h, of workers and dispatchers {-hours:+d} h, then all jump"
    found = shared_stage.get()
    found.close()
    clocks = Clocks(found.folder, api=hours, worker=-hours, dispatcher=-hours)
    found.open(clocks.lines())
    load = Load(found, "f14")
    with load.running([*small_pdfs(100), *slow_pdfs(10, seconds=2)], every_s=0.1):
        load.wait_finished(40)
        clocks.set(worker=hours, dispatcher=hours)
    verdict = conclude(load, line, fault_at=0)
    line.recover = ""
    clocks.set(api=-hours)
    time.sleep(READ_AGAIN_S)
    asked = [load.prober.look().status for _ in range(20)]
    line.add(f"{verdict.states}; after the API's clock jumped {-2 * hours:+d} h a token is answered {set(asked)}")
    load.close()
    found.close()
    found.open()
    assert verdict.states == {"succeeded": 110}
    assert verdict.extra_runs == 0
    assert 500 not in asked

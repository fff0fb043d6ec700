"""What every row asks at its end: nothing lost, doubled or stuck, and recovery in time."""

from tests.faults.checker import Verdict, judge, settle
from tests.faults.load import Load
from tests.faults.table import Line


def conclude(load: Load, line: Line, *, fault_at: float, within_s: float | None = None) -> Verdict:
    """Wait for the end of everything, fill the line, and ask; `within_s` is the target for the recovery."""
    settle(load.stage, load.prefix)
    verdict = judge(load.stage, load.prefix, load.journal, fault_at=fault_at)
    line.fill(verdict)
    verdict.assert_clean()
    if within_s is not None:
        assert verdict.recovered_s is not None, "nothing succeeded after the fault"
        assert verdict.recovered_s <= within_s
    return verdict

"""What a living child has used until now, as the kernel counts it: the child itself is not asked."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
RESIDENT = re.compile(rb"^VmRSS:\s+(\d+) kB", re.MULTILINE)
PEAK = re.compile(rb"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Resident memory now and at its highest, and all CPU time."""

    rss_mb: int
    peak_rss_mb: int
    cpu_s: float


def usage_of(pid: int) -> Usage | None:
    """Return what the process uses; None where /proc does not tell, as for a dead one or one hidden by `hidepid`."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    resident, peak = RESIDENT.search(status), PEAK.search(status)
    if resident is None or peak is None:
        return None
    return Usage(rss_mb=int(resident[1]) // 1024, peak_rss_mb=int(peak[1]) // 1024, cpu_s=_cpu_s(stat))


def _cpu_s(stat: bytes) -> float:
    """Return user and system time, fields 14 and 15 of proc(5); the name before them may hold brackets and blanks."""
    fields = stat.rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

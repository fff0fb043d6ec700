"""The table of a fault run: one line a row, carried by the test reports, so that it is whole under xdist as well."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from tests.faults.checker import Verdict

PROPERTY = "fault"


@dataclass(kw_only=True)
class Line:
    """One line; `note` says what the common figures do not."""

    row: str
    fault: str
    accepted: str = ""
    finished: str = ""
    lost: str = ""
    doubled: str = ""
    stuck: str = ""
    extra: str = ""
    recover: str = ""
    p99: str = ""
    worst: str = ""
    note: str = ""
    outcome: str = ""

    def fill(self, verdict: Verdict) -> None:
        self.accepted, self.finished = str(verdict.accepted), str(verdict.finished)
        self.lost, self.doubled, self.stuck = map(str, (verdict.lost, verdict.duplicated, verdict.stuck))
        self.extra = str(verdict.extra_runs)
        self.recover = "" if verdict.recovered_s is None else f"{verdict.recovered_s:.1f} s"
        self.p99, self.worst = f"{1000 * verdict.p99_s:.0f} ms", f"{verdict.worst_s:.1f} s"

    def add(self, note: str) -> None:
        self.note = f"{self.note}; {note}" if self.note else note


def collect(reports: Iterable[Any]) -> list[Line]:
    """Return the lines that these test reports carry, in the order of their rows."""
    lines: dict[str, Line] = {}
    for report in reports:
        for name, found in report.user_properties:
            if name == PROPERTY:
                lines[report.nodeid] = _line(report, found, before=lines.get(report.nodeid))
    return sorted(lines.values(), key=lambda line: (line.row, line.fault))


def as_markdown(lines: Sequence[Line]) -> str:
    """Return the table, aligned, so that it reads well in a terminal and in a page."""
    heads = [field.name for field in fields(Line)]
    rows = [heads, *([_cell(value) for value in asdict(line).values()] for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    ruler = ["-" * width for width in widths]
    texts = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (heads, ruler, *rows[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in texts)


def _line(report: Any, found: dict[str, str], *, before: Line | None) -> Line:
    line = Line(**found)
    outcomes = {"passed": "held", "failed": "FAILED", "skipped": "not run"}
    line.outcome = outcomes[report.outcome]
    if before is not None and before.outcome != "held":
        line.outcome = before.outcome
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        line.note = f"not run here: {report.longrepr[2].removeprefix('Skipped: ')}"
    return line


def _cell(value: str) -> str:
    return value.replace("|", "/").replace("\n", " ")

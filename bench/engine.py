"""What the engine saves: its CPU time against plain pdfplumber's, over every PDF below a folder.

    python -m bench.engine FOLDER [--pages N] [--repeat N] [--cpu-limit S] [--memory-limit MIB]

Either side reads each file in a fresh child, forked from a process that has its libraries loaded: plain pdfplumber's as
they are, the engine's prepared as the product's forkserver is. Opening the file and all steps of reading count, for
both; comparing the results does not. Files are classed by what they cost plain pdfplumber. A child that is killed at a
limit is named and not counted, and neither is a file that plain pdfplumber does not open.
"""

import argparse
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bench.forks import FileCost, Forks, Limits, PageCost
from bench.readers import ENGINE, PLAIN

SLOW = 0.9
NAME_WIDTH = 48
CLASSES: Sequence[tuple[str, Callable[[float], bool]]] = (
    (">= 0.5 s", lambda plain: plain >= 0.5),
    (">= 0.1 s", lambda plain: plain >= 0.1),
    ("< 0.1 s", lambda plain: plain < 0.1),
    ("all", lambda _: True),
)


@dataclass(frozen=True)
class Measured:
    """A file as both sides read it, each the given number of times."""

    name: str
    plain: Sequence[FileCost]
    engine: Sequence[FileCost]

    @property
    def is_counted(self) -> bool:
        return bool(self.pages) and all(cost.is_read for cost in (*self.plain, *self.engine))

    @property
    def plain_s(self) -> float:
        return statistics.median(cost.seconds for cost in self.plain)

    @property
    def engine_s(self) -> float:
        return statistics.median(cost.seconds for cost in self.engine)

    @property
    def ratio(self) -> float:
        return self.plain_s / self.engine_s

    @property
    def pages(self) -> Sequence[PageCost]:
        return self.engine[0].pages

    @property
    def fallbacks(self) -> Counter[str]:
        """Count, by reason, the pages that pdfplumber read for the engine and can read."""
        both = zip(self.plain[0].pages, self.pages, strict=False)
        return Counter(ours.because for theirs, ours in both if ours.because and not theirs.error)

    @property
    def differences(self) -> list[str]:
        """Say what is not the same, for files that plain pdfplumber opens: it refuses all for one broken page."""
        plain, engine = self.plain[0], self.engine[0]
        if engine.refused and plain.refused != engine.refused:
            return [f"opens differently: plain {plain.refused!r}, engine {engine.refused!r}"]
        if not self.is_counted:
            return []
        if len(plain.pages) != len(engine.pages):
            return [f"plain has {len(plain.pages)} pages, engine {len(engine.pages)}"]
        pairs = enumerate(zip(plain.results, engine.results, strict=True), start=1)
        found = (_difference(number, *pair) for number, pair in pairs)
        return [said for said in found if said]

    def ratio_of_own_pages(self) -> float | None:
        """Return the ratio over opening and the pages that the engine read itself; None if there are none of them."""
        own = [number for number, page in enumerate(self.pages) if page.because is None]
        if not own:
            return None
        plain, engine = (
            statistics.median(cost.opening + sum(cost.pages[number].seconds for number in own) for cost in side)
            for side in (self.plain, self.engine)
        )
        return plain / engine


def main() -> None:
    asked = _arguments()
    files = sorted(path for path in asked.folder.rglob("*") if path.suffix.lower() == ".pdf" and path.is_file())
    limits = Limits(asked.cpu_limit, asked.memory_limit)
    found = []
    print(f"{'file':{NAME_WIDTH}} {'pages':>5} {'plain s':>8} {'engine s':>8} {'ratio':>6}")
    with Forks(PLAIN, limits) as plain, Forks(ENGINE, limits) as engine:
        for path in files:
            name = str(path.relative_to(asked.folder))
            found.append(measure(name, path, (plain, engine), at_most=asked.pages, times=asked.repeat))
            print("\n".join(line(found[-1])), flush=True)
    print("\n".join(report(found)))


def measure(name: str, path: Path, sides: tuple[Forks, Forks], *, at_most: int | None, times: int) -> Measured:
    """Let both sides read the file by turns, each of them first every other time; who is killed does not try again."""
    costs: tuple[list[FileCost], list[FileCost]] = ([], [])
    for turn in range(times):
        for side in ((0, 1), (1, 0))[turn % 2]:
            costs[side].append(sides[side].read(path, at_most))
        if any(cost[-1].killed for cost in costs):
            break
    return Measured(name, *costs)


def line(file: Measured) -> Iterator[str]:
    name = file.name if len(file.name) <= NAME_WIDTH else f"…{file.name[1 - NAME_WIDTH :]}"
    if file.is_counted:
        times = f"{len(file.pages):5} {file.plain_s:8.3f} {file.engine_s:8.3f} {file.ratio:5.1f}x"
        why = ", ".join(f"{count} by pdfplumber: {reason}" for reason, count in file.fallbacks.items())
        yield f"{name:{NAME_WIDTH}} {times}  {why}".rstrip()
    else:
        yield f"{name:{NAME_WIDTH}} not counted: {_why_not(file)}"
    yield from (f"  WRONG: {difference}" for difference in file.differences)


def report(found: Sequence[Measured]) -> Iterator[str]:
    """Sum up; a total over nothing is none."""
    counted = [file for file in found if file.is_counted and file.pages]
    if not counted:
        raise SystemExit("There is no PDF in that folder which both sides can read.")
    yield ""
    yield f"{'files that cost plain':22} {'count':>5} {'p10':>6} {'median':>7} {'p90':>6} {'sum':>6}"
    for title, belongs in CLASSES:
        ratios = [file for file in counted if belongs(file.plain_s)]
        yield f"{title:22} {len(ratios):5} " + (_quantiles(ratios) if ratios else "")
    yield from _slow(counted)
    yield from _fallbacks(counted)
    wrong = [file.name for file in found if file.differences]
    yield f"files with a result that is not pdfplumber's: {', '.join(wrong) or 'none'}"
    yield f"files not counted: {len(found) - len(counted)}"
    yield f"total {_total(counted):.1f}x plain pdfplumber's speed, {_pages(counted)} pages of {len(counted)} files" + (
        f"; WRONG RESULTS in {len(wrong)} files" if wrong else ""
    )


def _slow(counted: Sequence[Measured]) -> Iterator[str]:
    own = [(file.name, file.ratio_of_own_pages()) for file in counted]
    slow = [f"{name} {ratio:.2f}x" for name, ratio in own if ratio is not None and ratio < SLOW]
    yield f"files below {SLOW}x, pages that pdfplumber read excepted: {', '.join(slow) or 'none'}"


def _fallbacks(counted: Sequence[Measured]) -> Iterator[str]:
    reasons = sum((file.fallbacks for file in counted), Counter[str]())
    readable = sum(1 for file in counted for page in file.plain[0].pages if page.error is None)
    share = f"{reasons.total()} of {readable} ({reasons.total() / max(readable, 1):.2%})"
    yield f"pages pdfplumber can read and had to: {share}"
    yield from (f"  {count:5} {reason}" for reason, count in reasons.most_common())


def _quantiles(files: Sequence[Measured]) -> str:
    ratios = [file.ratio for file in files]
    tenths = statistics.quantiles(ratios, n=10, method="inclusive") if len(ratios) > 1 else ratios * 9
    return f"{tenths[0]:5.1f}x {tenths[4]:6.1f}x {tenths[8]:5.1f}x {_total(files):5.1f}x"


def _total(files: Sequence[Measured]) -> float:
    return sum(file.plain_s for file in files) / sum(file.engine_s for file in files)


def _pages(files: Sequence[Measured]) -> int:
    return sum(len(file.pages) for file in files)


def _why_not(file: Measured) -> str:
    """Say what kept each side from reading."""
    plain, engine = (_end(costs) for costs in (file.plain, file.engine))
    return f"both {plain}" if plain == engine else f"plain {plain}, engine {engine}"


def _end(costs: Sequence[FileCost]) -> str:
    cost = next((cost for cost in costs if not cost.is_read), costs[0])
    if cost.killed:
        return f"killed ({cost.killed})"
    if cost.refused:
        return f"refused: {cost.refused[:80]}"
    readable = sum(page.error is None for page in cost.pages)
    return f"read {readable} of {len(cost.pages)} pages"


def _difference(number: int, plain: tuple[object, ...], engine: tuple[object, ...]) -> str:
    names = chain(("text", "words", "tables", "error"))
    unlike = [name for name, ours, theirs in zip(names, engine, plain, strict=True) if ours != theirs]
    return f"page {number}: {' and '.join(unlike)}" if unlike else ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="every PDF below it is read")
    parser.add_argument("--pages", type=int, metavar="N", help="only the first N pages of each file")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="the median of N readings (1)")
    parser.add_argument("--cpu-limit", type=int, default=Limits.cpu_s, metavar="S", help="for each child (60)")
    parser.add_argument("--memory-limit", type=int, default=Limits.memory_mb, metavar="MIB", help="for each (2048)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

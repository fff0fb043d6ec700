"""The whole platform against simpler ways to read every PDF below a folder, on the same cores.

    python -m bench.pipeline FOLDER [--slots N] [--rounds N] [--in-flight N] [--budget S] [--limit S]

The sides: the platform, started afresh with its own stores, from the upload over HTTP until the client has the text,
words and tables of every page; a `multiprocessing` pool of as many processes as the platform has slots, in which plain
pdfplumber reads the files; the same pool with the engine; and `bench/pipeline/service.py`, which calls pdfplumber in
the request, with as many uvicorn workers. A client of the platform waits for the job and then fetches its pages, a
hundred in one answer; what text and tables cost without the words is shown as a side of its own. Sides are measured one
after the other, warm, and by turns if there are several rounds.

Files that plain pdfplumber does not read, or not within `--limit` seconds of CPU, are left out. `--budget` bounds how
many of the others are read: for about so many seconds the pool may be busy with them. Files of 20 pages and more are
read once more by themselves, in copies if they are few, because the last one decides how long a few take.

On a machine that does other things as well, ratios of CPU seconds say more than those of time. Afterwards all results
are compared with plain pdfplumber's.
"""

import argparse
import math
import signal
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.pipeline import sides
from bench.pipeline.samples import Choice, Sample, available_cores, choose, copies
from bench.pipeline.sides import Load, Run, Side

MANY_PAGES = 20
NOTHING_S = 0.01
ALL, LONG = "all files", f"files of {MANY_PAGES} pages and more"
POOL, SERVICE, ENGINE_POOL = "pdfplumber pool", "service", "engine pool"
PLATFORM, WITHOUT_WORDS = "platform", "platform, no words"
SIDES: Mapping[str, Side] = {
    POOL: sides.plain_pool,
    SERVICE: sides.service,
    ENGINE_POOL: sides.engine_pool,
    PLATFORM: sides.platform,
    WITHOUT_WORDS: sides.platform_without_words,
}
SERVICE_PATIENCE = 3  # Times the budget: it is slower than the pool by which the files were chosen.
Runs = dict[tuple[str, str], list[Run]]


def main() -> None:
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # Whatever was started is stopped on the way out.
    load = Load(asked.slots, asked.in_flight or 4 * asked.slots, SERVICE_PATIENCE * asked.budget)
    print("choosing files by what they cost plain pdfplumber", flush=True)
    choice = choose(asked.folder, slots=asked.slots, budget_s=asked.budget, limit_s=asked.limit)
    if not choice.samples:
        raise SystemExit("There is no PDF in that folder which plain pdfplumber can read.")
    long = [sample for sample in choice.samples if sample.pages >= MANY_PAGES]
    sets = {
        name: copies(samples, slots=asked.slots, budget_s=asked.budget)
        for name, samples in ((ALL, choice.samples), (LONG, long))
        if samples
    }
    print("\n".join(introduction(choice, sets, load)), flush=True)
    runs: Runs = {(side, name): [] for name in sets for side in SIDES}
    for _ in range(asked.rounds):
        for side in SIDES:
            measure(side, sets, load, runs)
    print("\n".join(report(sets, {key: _median(found) for key, found in runs.items()})))


def measure(side: str, sets: Mapping[str, Sequence[Sample]], load: Load, runs: Runs) -> None:
    cheapest = min(sets[ALL], key=lambda sample: sample.cost.seconds)
    with SIDES[side](load, cheapest) as run:
        for name, samples in sets.items():
            found = run(samples)
            runs[side, name].append(found)
            print(f"  {side}: {found.share:.0%} of {name} in {found.seconds:.2f} s", flush=True)


def introduction(choice: Choice, sets: Mapping[str, Sequence[Sample]], load: Load) -> Iterator[str]:
    yield f"{load.slots} slots, {load.in_flight} uploads in flight"
    for name, samples in sets.items():
        yield f"{name}: {len(samples)} documents, {sum(sample.pages for sample in samples)} pages"
    yield from (f"left out: {why}" for why in choice.left_out)


def report(sets: Mapping[str, Sequence[Sample]], runs: Mapping[tuple[str, str], Run]) -> Iterator[str]:
    for name in sets:
        yield ""
        yield f"{name:32} {'seconds':>8} {'pages/s':>8} {'documents/s':>11} {'CPU s':>7}"
        yield from (_line(side, runs[side, name]) for side in SIDES)
        yield from (f"  {line}" for line in _ratios(name, runs))
    for name in sets:
        yield ""
        yield from _shares(name, runs[PLATFORM, name])
    wrong = sorted({f"{side}: {fault}" for (side, _), run in runs.items() for fault in run.wrong})
    yield ""
    yield from (f"WRONG: {fault}" for fault in wrong)
    yield _total(sets, runs) + (f"; {len(wrong)} WRONG RESULTS" if wrong else "")


def _line(side: str, run: Run) -> str:
    rates = f"{run.pages_per_s:8.1f} {run.documents_per_s:11.2f} {run.cpu_s:7.2f}"
    stopped = "" if run.share == 1 else f"  {run.share:.0%} of the work was done"
    return f"  {side:30} {run.seconds:8.2f} {rates}{stopped}"


def _ratios(name: str, runs: Mapping[tuple[str, str], Run]) -> Iterator[str]:
    ours = runs[PLATFORM, name]
    for side in (POOL, SERVICE, ENGINE_POOL):
        theirs = runs[side, name]
        pages = ratio(ours.pages_per_s, theirs.pages_per_s)
        documents = ratio(ours.documents_per_s, theirs.documents_per_s)
        per_cpu = ratio(ours.pages / ours.cpu_s, theirs.pages / theirs.cpu_s)
        yield f"platform / {side}: {pages:.2f}x pages/s, {documents:.2f}x documents/s, {per_cpu:.2f}x pages/CPU second"


def _shares(name: str, run: Run) -> Iterator[str]:
    """Say which processes of the platform used how much, and how far the cores were used at all."""
    yield f"CPU of the platform, {name:20} {'seconds':>8} {'ms/document':>12} {'ms/page':>8}"
    for role, seconds in sorted(run.cpu.items(), key=lambda item: -item[1]):
        if seconds >= NOTHING_S:
            each = ratio(1000 * seconds, run.documents), ratio(1000 * seconds, run.pages)
            yield f"  {role:38} {seconds:8.2f} {each[0]:12.1f} {each[1]:8.2f}"
    yield f"  cores busy on average: {run.cpu_s / run.seconds:.2f}"


def _total(sets: Mapping[str, Sequence[Sample]], runs: Mapping[tuple[str, str], Run]) -> str:
    ours = runs[PLATFORM, ALL]
    pages = ours.pages_per_s / runs[POOL, ALL].pages_per_s
    documents = ours.documents_per_s / runs[SERVICE, ALL].documents_per_s
    shares = [
        f"{runs[PLATFORM, name].pages_per_s / runs[ENGINE_POOL, name].pages_per_s:.0%} over {name}" for name in sets
    ]
    return (
        f"total {pages:.1f}x the pages/s of the {POOL}, {documents:.1f}x the documents/s of the {SERVICE};"
        f" of the {ENGINE_POOL} {', '.join(shares)}"
    )


def ratio(ours: float, theirs: float) -> float:
    """Divide; a side that did nothing within the budget is infinitely slow."""
    return ours / theirs if theirs else math.inf


def _median(runs: Sequence[Run]) -> Run:
    middle = statistics.median_low(run.seconds for run in runs)
    return next(run for run in runs if run.seconds == middle)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="every PDF below it")
    parser.add_argument("--slots", type=int, default=available_cores(), metavar="N", help="as many as cores")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="medians of N rounds (1)")
    parser.add_argument("--in-flight", type=int, metavar="N", help="uploads at once (4 a slot)")
    parser.add_argument("--budget", type=float, default=60, metavar="S", help="what the slow sides may take (60)")
    parser.add_argument("--limit", type=int, default=30, metavar="S", help="CPU seconds of pdfplumber a file (30)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""How well tables are found: pdfplumber's default and `auto` against the truth of ICDAR 2013.

    python -m bench.tables FOLDER [--each] [--without down|rules]

FOLDER holds, anywhere below it, PDFs and the files `NAME-str.xml` of the competition. `--each` also prints every
document's adjacency F1. `--without` takes vertical rules, or all rules, off the pages before `auto` sees them: what it
still finds then hangs on no peculiarity of these files' rules.
"""

import argparse
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path

from bench.tables import truth
from bench.tables.grids import Grid
from bench.tables.measures import Pages, Score
from worker.extraction.engine.auto.tables import tables_found
from worker.extraction.engine.document import Document
from worker.extraction.engine.marks import Marks
from worker.extraction.engine.plain import PageSettings

WAYS: Mapping[str, PageSettings] = {"default": {}, "auto": {"tables": "auto"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--without", choices=["down", "rules"])
    asked = parser.parse_args()
    logging.disable()
    warnings.simplefilter("ignore")
    scores = {way: Score() for way in WAYS}
    for path, true in truth.documents(asked.folder):
        agreements = {way: score.add(true, found_in(path, way, asked.without)) for way, score in scores.items()}
        if asked.each:
            print(f"{path.stem:20}", *(f"{way} {agreement.f1:.3f}" for way, agreement in agreements.items()))
    show(scores)


def found_in(path: Path, way: str, without: str | None = None) -> Pages:
    """Return the tables that are found in a PDF one way, by page."""
    with path.open("rb") as stream:
        document = Document(stream, password=None)
        numbers = range(1, document.count(at_most=None) + 1)
        if way == "auto" and without:
            found = {number: tables_found(bared(document.marks(number), without)) for number in numbers}
        else:
            found = {number: [*document.read(number, WAYS[way]).tables] for number in numbers}
    return {number: [Grid.of_rows(table["rows"]) for table in tables] for number, tables in found.items()}


def bared(marks: Marks, without: str) -> Marks:
    """Take vertical edges, or all, off a page."""
    for edges in (marks.lines, marks.rects, marks.curves):
        edges.vertical.clear()
        if without == "rules":
            edges.horizontal.clear()
    return marks


def show(scores: Mapping[str, Score]) -> None:
    figures = {way: score.figures() for way, score in scores.items()}
    print(f"{len(next(iter(scores.values())).agreements)} documents")
    for name in next(iter(figures.values())):
        print(f"{name:14}", *(f"{way} {found[name]:.3f}" for way, found in figures.items()))


if __name__ == "__main__":
    main()

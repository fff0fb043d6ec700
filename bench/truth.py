"""PDFs for which it is written down what they say, and how alike two texts are.

A folder has a `manifest.csv` with the columns `file` and `truth` (paths below the folder, several truths parted by
blanks), or truths beside its PDFs: `report.pdf` and `report.txt`, `report.pdf.txt` or `report.md`.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Indel

from api.documents.text.results import PageResults
from shared.page_content import pack
from worker.extraction.engine.document import Document
from worker.extraction.reading import encode_page


@dataclass(frozen=True)
class Known:
    """A PDF and what it says."""

    name: str
    pdf: Path
    truth: str


def known(folder: Path, suffix: str) -> Iterator[Known]:
    """Yield the PDFs with a truth of this kind, `.txt` or `.md`; of several truths the shortest name counts."""
    manifest = folder / "manifest.csv"
    if manifest.is_file():
        with manifest.open(newline="") as rows:
            listed = [(row["file"], [folder / name for name in row["truth"].split()]) for row in csv.DictReader(rows)]
    else:
        listed = [(str(pdf.relative_to(folder)), _beside(pdf)) for pdf in sorted(folder.rglob("*.pdf"))]
    for name, truths in listed:
        fitting = [path for path in truths if path.suffix == suffix and ".doctags" not in path.name and path.is_file()]
        if fitting:
            shortest = min(fitting, key=lambda path: len(path.name))
            yield Known(name, folder / name, shortest.read_text("utf-8-sig"))


def pages_of(pdf: Path) -> list[PageResults]:
    """Read a PDF as a worker does, and return its pages as they are stored."""
    with pdf.open("rb") as stream:
        document = Document(stream, password=None)
        read = [(number, document.read(number)) for number in range(1, document.count(at_most=None) + 1)]
    return [PageResults(number, page.width, page.height, *map(pack, encode_page(page)[1])) for number, page in read]


def raw_ratio(text: str, truth: str) -> float:
    return Indel.normalized_similarity(text, truth)


def plain_ratio(text: str, truth: str) -> float:
    """Return how alike both are when it does not matter how white the space is and how a character is coded."""
    return Indel.normalized_similarity(normal(text), normal(truth))


def token_f1(text: str, truth: str) -> float:
    """Return the harmonic mean of the shares of tokens that are right and that are found, wherever they are."""
    ours, theirs = Counter(normal(text).split()), Counter(normal(truth).split())
    return 2 * (ours & theirs).total() / ((ours.total() + theirs.total()) or 1)


def normal(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


def _beside(pdf: Path) -> list[Path]:
    return [pdf.with_suffix(".txt"), pdf.with_suffix(".pdf.txt"), pdf.with_suffix(".md")]

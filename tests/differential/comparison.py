"""Gives changed PDFs to both readers and counts what they make of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from tests import pdf_files
from tests.differential.mutations import mutated
from tests.differential.readers import Reader
from worker.extraction.engine import warming

MAX_SOURCE_BYTES = 400_000
PLAIN_BECAUSE = 5


@dataclass
class Tally:
    """How many PDFs were read, and what happened to them; `raised` and `fell_back` count pages."""

    cases: int = 0
    pages: int = 0
    raised: int = 0
    fell_back: int = 0
    not_opened: int = 0
    too_slow: int = 0
    differences: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Tell it in a few lines."""
        return (
            f"{self.cases} cases, {self.pages} pages, {len(self.differences)} differences; pdfplumber raised on "
            f"{self.raised} pages and did not open {self.not_opened} files, {self.too_slow} were too slow for it; "
            f"{self.fell_back} pages fell back: {self.reasons}\n" + "\n".join(self.differences)
        )


def sources(*folders: Path) -> list[bytes]:
    """Return PDFs to change: generated ones, and the small ones of the folders."""
    files = sorted(path for folder in folders for path in folder.rglob("*.pdf"))
    found = [path.read_bytes() for path in files if path.stat().st_size <= MAX_SOURCE_BYTES]
    made = [
        warming.sample(),
        pdf_files.text_pdf(text="Brackets ( ) and \\"),
        pdf_files.table_pdf(),
        pdf_files.picture_pdf("x"),
    ]
    return made + found


def compare(files: Sequence[bytes], seed: int, *, cases: int, seconds: float = 1e9, keep: Path | None = None) -> Tally:
    """Read so many changed PDFs, or as many as the time allows, with both readers."""
    tally, end = Tally(), time.monotonic() + seconds
    with Reader("plain") as plain, Reader("engine") as engine:
        for pdf in islice(mutated(files, seed), cases):
            if time.monotonic() > end:
                break
            tally.cases += 1
            before = len(tally.differences)
            _judge(tally, plain.read(pdf), engine, pdf)
            if keep and len(tally.differences) > before:
                (keep / f"difference-{seed}-{tally.cases}.pdf").write_bytes(pdf)
    return tally


def _judge(tally: Tally, expected: Any, engine: Reader, pdf: bytes) -> None:
    """Compare page by page; a file that pdfplumber gives up as a whole may have pages that the engine reads."""
    if expected is None:
        tally.too_slow += 1
        return
    if isinstance(expected, str):
        tally.not_opened += 1
        return
    found = engine.read(pdf)
    if not isinstance(found, list) or len(found) != len(expected):
        tally.differences.append(f"case {tally.cases}: {len(expected)} pages, but {str(found)[:100]}")
        return
    for number, (page, other) in enumerate(zip(expected, found, strict=True), start=1):
        tally.pages += 1
        tally.raised += isinstance(page, str)
        because = other[PLAIN_BECAUSE] if isinstance(other, list) else None
        if because is not None:
            tally.fell_back += 1
            tally.reasons[because] = tally.reasons.get(because, 0) + 1
        if _comparable(page) != _comparable(other):
            tally.differences.append(f"case {tally.cases}, page {number}: {_first_difference(page, other)}")


def _comparable(page: Any) -> Any:
    return repr(page[:PLAIN_BECAUSE]) if isinstance(page, list) else page


def _first_difference(page: Any, other: Any) -> str:
    one, two = _comparable(page), _comparable(other)
    at = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return f"{one[max(0, at - 30) : at + 60]!r} but {two[max(0, at - 30) : at + 60]!r}"

"""`python -m bench.engine` over a folder of two PDFs, and what it says of one that differs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.engine import Measured, line, report
from bench.forks import FileCost, PageCost
from tests.pdf_files import table_pdf, text_pdf

ROOT = Path(__file__).resolve().parents[3]


def cost(seconds: float, said: str = "text", because: str | None = None) -> FileCost:
    return FileCost(0.0, [PageCost(seconds, (said, "words", "tables"), because, None)])


@pytest.mark.processes
def test_the_last_line_is_the_total(tmp_path: Path) -> None:
    (tmp_path / "text.pdf").write_bytes(text_pdf(2))
    (tmp_path / "table.pdf").write_bytes(table_pdf())
    command = [sys.executable, "-m", "bench.engine", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"total \d+\.\dx .* 3 pages of 2 files", done.stdout.splitlines()[-1])


def test_a_different_text_is_called_out() -> None:
    file = Measured("a.pdf", [cost(1.0)], [cost(0.1, "other text")])
    assert "  WRONG: page 1: text" in list(line(file))
    assert list(report([file]))[-1].endswith("WRONG RESULTS in 1 files")


def test_a_page_that_pdfplumber_read_does_not_make_a_file_slow() -> None:
    fast, plain = cost(0.1), cost(1.2, because="a reason")
    file = Measured("a.pdf", [FileCost(0.0, [*cost(1.0).pages] * 2)], [FileCost(0.0, [*fast.pages, *plain.pages])])
    assert file.ratio_of_own_pages() == pytest.approx(10)
    assert dict(file.fallbacks) == {"a reason": 1}


def test_a_killed_child_is_named_and_not_counted() -> None:
    file = Measured("a.pdf", [FileCost(killed="more than 60 s")], [cost(0.1)])
    assert not file.is_counted
    assert "plain killed (more than 60 s), engine read 1 of 1 pages" in next(line(file))

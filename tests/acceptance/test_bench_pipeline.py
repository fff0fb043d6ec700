"""`python -m bench.pipeline` over a folder of two PDFs: every side gives pdfplumber's results."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pdf_files import table_pdf, text_pdf

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]


def test_the_last_line_is_the_total(tmp_path: Path) -> None:
    (tmp_path / "text.pdf").write_bytes(text_pdf(20))
    (tmp_path / "table.pdf").write_bytes(table_pdf())
    command = [sys.executable, "-m", "bench.pipeline", str(tmp_path), "--slots", "1", "--budget", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert re.match(r"total \d+\.\dx the pages/s of the pdfplumber pool, \d+\.\dx the documents/s", last), done.stdout
    assert "WRONG" not in done.stdout

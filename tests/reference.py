"""What plain pdfplumber gives for a PDF, in its own process: `python -m tests.reference FILE PASSWORD PAGES`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pdfplumber

ALL = 10**6
WORD_FIELDS = ("text", "x0", "top", "x1", "bottom")


def reference(
    path: Path, password: str = "", *, pages: int = ALL, timeout_s: float = 300
) -> list[dict[str, Any]] | None:
    """Return the first pages as pdfplumber gives them, `{}` for one that raises; None if it cannot open the file.

    Raises subprocess.TimeoutExpired.
    """
    command = [sys.executable, "-m", "tests.reference", str(path), password, str(pages)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=timeout_s)
    read: list[dict[str, Any]] | None = json.loads(done.stdout) if done.returncode == 0 else None
    return read


def read_file(path: str, password: str, pages: int) -> list[dict[str, Any]]:
    with pdfplumber.open(path, password=password) as pdf:
        return [read_page(page) for page in pdf.pages[:pages]]


def read_page(page: Any) -> dict[str, Any]:
    try:
        result = {
            "text": page.extract_text(),
            "tables": page.extract_tables(),
            "words": [{name: word[name] for name in WORD_FIELDS} for word in page.extract_words()],
        }
    except Exception:  # noqa: BLE001 — an edge: whatever pdfplumber raises, the page has no result.
        return {}
    finally:
        page.close()
    return result


if __name__ == "__main__":
    json.dump(read_file(sys.argv[1], sys.argv[2], int(sys.argv[3])), sys.stdout)

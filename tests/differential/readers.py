"""The two readers: `python -m tests.differential.readers plain|engine` answers PDFs on stdin with JSON on stdout.

A message is its length in four bytes, and then itself. An answer is a list of pages, each `[text, words, tables]` or
the error that reading it raised; or the error that opening the PDF raised.
"""

import gc
import json
import logging
import resource
import select
import subprocess
import sys
import warnings
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Self

import pdfplumber

from worker.extraction.engine import parsing
from worker.extraction.engine.document import Document, PasswordNeeded, root_cause

ROOT = Path(__file__).parents[2]
MEMORY_BYTES = 3 << 30
WORD_FIELDS = ("text", "x0", "top", "x1", "bottom")
MAX_PAGES = 3


class Reader:
    """A reader in another process, which is started anew when it hangs or dies."""

    def __init__(self, kind: str, *, patience_s: float = 20) -> None:
        """`kind` is `plain` or `engine`."""
        self.kind, self.patience_s = kind, patience_s
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def read(self, pdf: bytes) -> Any:
        """Return the answer, or None if there is none in time."""
        if self._process is None:
            command = [sys.executable, "-m", __name__, self.kind]
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        _send(self._process.stdin, pdf)
        answer = None
        if select.select([self._process.stdout], [], [], self.patience_s)[0]:
            answer = _receive(self._process.stdout)
        if answer is None:
            self.stop()
            return None
        return json.loads(answer)


def serve(kind: str) -> None:
    """Answer until stdin ends."""
    logging.disable()
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    gc.set_threshold(100_000)
    read = read_with_engine if kind == "engine" else read_plainly
    if kind == "engine":
        parsing.install()
    while (pdf := _receive(sys.stdin.buffer)) is not None:
        try:
            answer: Any = read(pdf)
        except Exception as error:  # noqa: BLE001 — An edge: what opening raises is the answer.
            answer = said_by(error)
        _send(sys.stdout.buffer, json.dumps(answer).encode())


def read_plainly(pdf: bytes) -> list[Any]:
    with pdfplumber.open(BytesIO(pdf)) as document:
        return [_answer(_read_page, page) for page in document.pages[:MAX_PAGES]]


def read_with_engine(pdf: bytes) -> list[Any]:
    document = Document(BytesIO(pdf), password=None)
    return [_answer(_read_number, document, number) for number in range(1, document.count(at_most=MAX_PAGES) + 1)]


def said_by(error: Exception) -> str:
    cause = root_cause(error.__cause__ or error if isinstance(error, PasswordNeeded) else error)
    return f"{type(cause).__name__}: {cause}"


def _answer(read: Any, *given: Any) -> Any:
    try:
        return read(*given)
    except Exception as error:  # noqa: BLE001 — An edge: what reading raises is the answer.
        return said_by(error)


def _read_page(page: Any) -> list[Any]:
    try:
        words = [[word[field] for field in WORD_FIELDS] for word in page.extract_words()]
        return [page.extract_text(), words, page.extract_tables(), page.width, page.height, None]
    finally:
        page.close()


def _read_number(document: Document, number: int) -> list[Any]:
    page = document.read(number)
    words = [[word[field] for field in WORD_FIELDS] for word in page.words]
    return [page.text, words, [table["rows"] for table in page.tables], page.width, page.height, page.plain_because]


def _send(stream: IO[bytes], message: bytes) -> None:
    stream.write(len(message).to_bytes(4) + message)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    size = stream.read(4)
    return stream.read(int.from_bytes(size)) if len(size) == len(b"size") else None


if __name__ == "__main__":
    serve(sys.argv[1])

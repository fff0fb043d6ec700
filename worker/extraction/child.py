"""The program of a sandbox child: opens the PDF on descriptor 0 and reads the pages its parent names.

Errors travel as a code and what the library said; the sentences for people are the parent's (`failures.py`). A
MemoryError is never answered: it ends the process with an exit code of its own.
"""

import logging
import resource
import warnings
from typing import Any, BinaryIO

from worker.extraction.checking import differences
from worker.extraction.confinement import PDF_FD
from worker.extraction.engine import parsing
from worker.extraction.engine.document import Document, PasswordNeeded, root_cause
from worker.extraction.engine.warming import warm_up
from worker.extraction.frames import Channel
from worker.extraction.reading import encode_page
from worker.extraction.repair import Unrepaired, most_useful, repair
from worker.rendering import questions

INFLATED_TIMES = 32  # All streams of a PDF together may inflate to so many times the memory.
GIST_CHARS = 1000  # The parent shortens it further; this only bounds what travels.


def prepare() -> None:
    """Make ready in the process that children are forked from what each of them would otherwise make anew."""
    logging.disable()
    parsing.install()
    parsing.load_collections()
    warm_up()


def serve(channel: Channel) -> None:
    """Answer one question; or one request to open, maybe one to repair, and any number to read until the hang-up."""
    logging.disable()
    warnings.simplefilter("ignore")
    memory, _ = resource.getrlimit(resource.RLIMIT_AS)
    parsing.bound_inflation(per_stream=memory, in_all=INFLATED_TIMES * memory)
    with open(PDF_FD, "rb", closefd=False) as stream:
        to_open = channel.receive()
        if to_open is None:
            return
        if "question" in to_open.header:
            questions.answer(channel, stream, to_open.header)
            return
        reader = Reader(channel, stream, to_open.header["password"])
        is_open = reader.open(to_open.header)
        while is_open and (asked := channel.receive()):
            reader.answer(asked.header)


class Reader:
    """One PDF and what it was opened as."""

    def __init__(self, channel: Channel, stream: BinaryIO, password: str | None) -> None:
        """Nothing is opened yet."""
        self._channel = channel
        self._stream = stream
        self._password = password
        self._document: Document | None = None
        self._error: Exception = ValueError("it has no pages")

    def open(self, asked: dict[str, Any]) -> bool:
        """Open the PDF, or PDFium's copy of it; False when nothing can be done with it."""
        try:
            if asked["is_repaired"]:
                copy = repair(self._stream, password=self._password, found=0)
                self._document, pages = copy.document, copy.pages
            else:
                self._document = Document(self._stream, password=self._password)
                pages = self._document.count(at_most=asked["count_to"])
        except PasswordNeeded:
            self._channel.send({"code": "password"})
            return False
        except Exception as error:  # noqa: BLE001 — an edge: a damaged PDF makes pdfminer raise anything.
            self._error = error
            self._channel.send({"code": "damaged", "gist": _gist(error)})
        else:
            self._channel.send({"pages": pages})
        return True

    def answer(self, asked: dict[str, Any]) -> None:
        if "found" in asked:
            self._repair(asked["found"])
        if "check" in asked and self._document is not None:
            self._check(self._document, asked["check"])
        if "numbers" in asked and self._document is not None:
            for number in asked["numbers"]:
                self._read(self._document, number, asked)

    def _repair(self, found: int) -> None:
        """Read on from PDFium's copy if that has more pages than pdfplumber found."""
        try:
            copy = repair(self._stream, password=self._password, found=found)
        except Unrepaired as unrepaired:
            self._channel.send({"code": "unrepaired", "gist": most_useful(self._error, unrepaired)})
        else:
            self._document = copy.document
            self._channel.send({"pages": copy.pages})

    def _check(self, document: Document, number: int) -> None:
        try:
            self._channel.send({"differs": differences(document, number)})
        except Exception as error:  # noqa: BLE001 — an edge: where pdfplumber raises, there is nothing to compare.
            self._channel.send({"code": "error", "gist": _gist(error)})

    def _read(self, document: Document, number: int, asked: dict[str, Any]) -> None:
        try:
            facts, parts = encode_page(document.read(number, asked["settings"]))
        except Exception as error:  # noqa: BLE001 — an edge: one bad page costs one page, whatever it raises.
            self._channel.send({"number": number, "code": "error", "gist": _gist(error)})
            return
        if sum(map(len, parts)) > asked["max_bytes"]:
            self._channel.send({"number": number, "code": "too_large"})
        else:
            self._channel.send({"number": number, **facts}, parts)


def _gist(error: Exception) -> str:
    """Return the error's kind and what it says; raises MemoryError if that is what it is."""
    cause = root_cause(error)
    if isinstance(cause, MemoryError):
        raise cause
    said = str(cause)[:GIST_CHARS]
    return f"{type(cause).__name__}: {said}" if said else type(cause).__name__

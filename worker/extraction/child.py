"""The program of a sandbox child: opens the PDF on descriptor 0 and reads the pages its parent names.

Errors travel as a code and what the library said; the sentences for people are the parent's (`failures.py`). A
MemoryError is never answered: it ends the process with an exit code of its own.
"""

import logging
import warnings
from contextlib import closing
from typing import Any, BinaryIO

from worker.extraction.confinement import PDF_FD
from worker.extraction.document import Document, PasswordNeeded, root_cause
from worker.extraction.frames import Channel
from worker.extraction.reading import read_page

GIST_CHARS = 1000  # The parent shortens it further; this only bounds what travels.


def serve(channel: Channel) -> None:
    """Answer one request to open and any number to read, until the parent hangs up."""
    logging.disable()
    warnings.simplefilter("ignore")
    with open(PDF_FD, "rb", closefd=False) as stream:
        to_open = channel.receive()
        document = _open(channel, stream, to_open.header) if to_open else None
        while document and (to_read := channel.receive()):
            for number in to_read.header["numbers"]:
                _read(channel, document, number, max_bytes=to_read.header["max_bytes"])


def _open(channel: Channel, stream: BinaryIO, asked: dict[str, Any]) -> Document | None:
    try:
        document = Document(stream, password=asked["password"])
        pages = document.count(at_most=asked["count_to"])
    except PasswordNeeded:
        channel.send({"code": "password"})
    except Exception as error:  # noqa: BLE001 — an edge: a damaged PDF makes pdfminer raise anything.
        channel.send({"code": "damaged", "gist": _gist(error)})
    else:
        channel.send({"pages": pages})
        return document
    return None


def _read(channel: Channel, document: Document, number: int, *, max_bytes: int) -> None:
    try:
        with closing(document.page(number)) as page:
            facts, content, words = read_page(page)
    except Exception as error:  # noqa: BLE001 — an edge: one bad page costs one page, whatever it raises.
        channel.send({"number": number, "code": "error", "gist": _gist(error)})
        return
    if len(content) + len(words) > max_bytes:
        channel.send({"number": number, "code": "too_large"})
    else:
        channel.send({"number": number, **facts}, (content, words))


def _gist(error: Exception) -> str:
    """Return the error's kind and what it says; raises MemoryError if that is what it is."""
    cause = root_cause(error)
    if isinstance(cause, MemoryError):
        raise cause
    said = str(cause)[:GIST_CHARS]
    return f"{type(cause).__name__}: {said}" if said else type(cause).__name__

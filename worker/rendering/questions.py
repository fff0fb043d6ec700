"""The sandbox child's answers to questions that are not about text, words and tables; each child answers one.

As in `worker/extraction/child.py` errors travel as a code and what the library said, and a MemoryError is never
answered.
"""

from io import BytesIO
from typing import Any, BinaryIO

from pypdfium2 import PdfiumError, raw

from worker.extraction.engine.document import Document, PasswordNeeded, root_cause
from worker.extraction.frames import Channel
from worker.extraction.reading import encode
from worker.extraction.repair import Unrepaired, repair
from worker.rendering.drawing import NoSuchPage, draw
from worker.rendering.information import information_of

GIST_CHARS = 1000


def answer(channel: Channel, stream: BinaryIO, asked: dict[str, Any]) -> None:
    """Answer the `question` that was asked of the PDF, or of PDFium's copy of a damaged one."""
    try:
        header, content = _answer(stream, asked)
    except (PasswordNeeded, PdfiumError) as error:
        is_about_password = getattr(error, "err_code", raw.FPDF_ERR_PASSWORD) == raw.FPDF_ERR_PASSWORD
        channel.send({"code": "password"} if is_about_password else {"code": "error", "gist": _gist(error)})
    except Unrepaired:
        channel.send({"code": "error", "gist": "the damaged file cannot be repaired any more"})
    except NoSuchPage:
        channel.send({"code": "no_such_page"})
    except Exception as error:  # noqa: BLE001 — an edge: a damaged PDF makes the libraries raise anything.
        channel.send({"code": "error", "gist": _gist(error)})
    else:
        channel.send(header, (content,))


def _answer(stream: BinaryIO, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    password = asked["password"]
    copy = repair(stream, password=password, found=0) if asked["is_repaired"] else None
    if asked["question"] == "picture":
        source, key = (stream, password) if copy is None else (BytesIO(copy.content), None)
        return draw(source, asked, password=key)
    document = copy.document if copy else Document(stream, password=password)
    return {}, encode(information_of(document, links_s=asked["links_s"]))


def _gist(error: Exception) -> str:
    """Return the error's kind and what it says; raises MemoryError if that is what it is."""
    cause = root_cause(error)
    if isinstance(cause, MemoryError):
        raise cause
    return f"{type(cause).__name__}: {str(cause)[:GIST_CHARS]}"

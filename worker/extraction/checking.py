"""One page read both ways, by the engine and by pdfplumber itself, and compared as it is stored."""

from worker.extraction.engine.content import PageContent
from worker.extraction.engine.document import Document
from worker.extraction.reading import encode

BECAUSE = "the engine is checked"


def differences(document: Document, number: int) -> list[str]:
    """Return which of text, words and tables differ; none does where the engine leaves the page to pdfplumber."""
    ours = document.read(number)
    if ours.plain_because is not None:
        return []
    mine, theirs = _parts(ours), _parts(document.read_plain(number, because=BECAUSE))
    return [part for part, found in mine.items() if found != theirs[part]]


def _parts(page: PageContent) -> dict[str, bytes]:
    return {"text": encode(page.text), "words": encode(page.words), "tables": encode(page.tables)}

"""What an export is made of: a document's card and its ready pages, a few of them in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from api.documents.contents import Contents
from api.documents.schemas import DocumentCard
from api.documents.tables.joining import Table, joining
from api.documents.text.answer import PagesGone, page_results
from api.documents.text.forms import FORMS, FormName
from shared.database import Database
from shared.models import Document, Page
from shared.storage import BlobStore

BATCH = 16  # A page full of words is a tenth of a megabyte of JSON.


@dataclass(frozen=True)
class Source:
    """A document as its latest job has it now; `numbers` are the pages that are ready."""

    database: Database
    blobs: BlobStore
    contents: Contents
    card: DocumentCard
    numbers: list[int]

    @property
    def document(self) -> Document:
        return self.contents.document

    def pages(self, *, words: bool = False) -> Iterator[Page]:
        """Yield the pages; no transaction is open while a slow client takes them.

        Raises PagesGone when the document was deleted meanwhile.
        """
        for start in range(0, len(self.numbers), BATCH):
            batch = self.numbers[start : start + BATCH]
            with self.database.snapshot() as session:
                rows = replace(self.contents, session=session).ready(batch, words=words)
            if len(rows) < len(batch):
                raise PagesGone
            yield from rows

    def tables(self) -> Iterator[Table]:
        return joining(self.pages())

    def text(self, form: FormName) -> Iterator[bytes]:
        """Yield the text in one of its forms, piece by piece in UTF-8."""
        how = FORMS[form]
        pieces = how.write(lambda: page_results(self.database, self.contents, self.numbers, words=how.needs_words))
        return (piece.encode("utf-8", "replace") for piece in pieces)

    def original(self) -> Iterator[bytes]:
        return self.blobs.read(self.document.blob_key, start=0, end=self.document.size)

"""Keeps what pdfminer remembers of a document from growing with its pages.

pdfminer keeps every object that it ever parsed, with what its stream decodes to, and every font. Pages share some of
them, so they are kept while they are few; what is forgotten is parsed again when it is needed.
"""

from itertools import islice

from pdfminer.pdftypes import PDFStream
from pdfplumber.pdf import PDF

from worker.extraction.engine.interpreter import Fonts

MAX_STREAM_BYTES = 24 << 20
MAX_OBJECTS = 20_000
MAX_FONTS = 300


class Caches:
    """What is remembered of one open document; `fonts` is the engine's own part of it."""

    def __init__(self, pdf: PDF) -> None:
        """Watch the document's caches."""
        self.fonts: Fonts = {}
        self._objects = pdf.doc._cached_objs  # noqa: SLF001 — pdfminer has no other way to its caches.
        self._parsed = pdf.doc._parsed_objs  # noqa: SLF001 — As above.
        self._pdfminer_fonts = pdf.rsrcmgr._cached_fonts  # noqa: SLF001 — As above.
        self._counted = 0
        self._bytes = 0

    def trim(self) -> None:
        """Forget everything if it has become much."""
        for found, _ in islice(self._objects.values(), self._counted, None):
            if isinstance(found, PDFStream):
                self._bytes += len(found.data or found.rawdata or b"")
        self._counted = len(self._objects)
        if self._bytes > MAX_STREAM_BYTES or self._counted > MAX_OBJECTS:
            self._objects.clear()
            self._parsed.clear()
            self._counted = self._bytes = 0
        if len(self.fonts) > MAX_FONTS or len(self._pdfminer_fonts) > MAX_FONTS:
            self.fonts.clear()
            self._pdfminer_fonts.clear()

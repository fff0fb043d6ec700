"""Makes pdfminer's own reading of files faster where most of its time goes, with the same results.

It replaces methods of pdfminer's, in this process and for good: a sandbox, which does nothing else. Everything that a
replacement does not take is given to the method that it replaced.
"""

import re
import zlib
from collections.abc import Callable
from functools import lru_cache, partial
from io import BytesIO
from itertools import accumulate
from typing import Any, Final

from pdfminer import cmapdb, encodingdb, pdfdocument, pdffont, pdfinterp, pdfpage, pdfparser, pdftypes, psparser
from pdfminer.cmapdb import CMapDB, CMapParser, FileUnicodeMap
from pdfminer.pdfdocument import PDFDocument, PDFXRef
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFObjRef, PDFStream, int_value
from pdfminer.psparser import KWD

from worker.extraction.engine import Unsupported
from worker.extraction.engine.cmaps import NotUsual, read_to_unicode
from worker.extraction.engine.objects import NotPlain, parse_object

WINDOW_BYTES = 2048
MAX_WINDOW_BYTES = 1 << 20
HEADER: Final = re.compile(rb"\s*(\d{1,10})\s+\d{1,5}\s+obj(?=[/%\[\]()<>{}\s])")
END_OF_OBJECT: Final = re.compile(rb"\s*(?:endobj(?=[/%\[\]()<>{}\s])|(?P<stream>stream)(?:\r\n|\r(?!\n)|\n))")
END_OF_STREAM: Final = re.compile(rb"\s*endstream\s+endobj(?=[/%\[\]()<>{}\s])")
TABLE_BYTES = 1 << 16
ROW_BYTES = 20
SECTION: Final = re.compile(rb"\s*(\d{1,9}) (\d{1,9})[ \t]*(?:\r\n|\r|\n)")
ROW: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)")
ROWS: Final = re.compile(rb"(?:\d{10} \d{5} [nf](?: \r| \n|\r\n))*+")
TRAILER: Final = re.compile(rb"\s*trailer(?=[<\s])")
AFTER_TRAILER: Final = re.compile(rb"\s*startxref\s")
SPACES = b" \t\n\r\x0b\x0c"
MAX_NAMES = 10_000
COLLECTIONS = ("Adobe-Japan1", "Adobe-GB1", "Adobe-CNS1", "Adobe-Korea1")
"""The character collections of Chinese, Japanese and Korean fonts, whose tables take long to load."""


def install() -> None:
    """Replace what is slow; calling it again changes nothing."""
    for module in (cmapdb, encodingdb, pdfdocument, pdffont, pdfinterp, pdfpage, pdfparser, pdftypes, psparser):
        for name in {"log", "logger"} & vars(module).keys():
            setattr(module, name, SILENCE)
    for owner, name, method in REPLACEMENTS:
        setattr(owner, name, method)


class BoundedZlib:
    """The part of zlib that pdfminer uses, with a limit to what a stream and all streams together inflate to, in bytes.

    pdfminer inflates whatever a file holds: 7 kB may become gigabytes. More than the limit would not fit the memory
    either, so the error is the same, only sooner.
    """

    error = zlib.error

    def __init__(self, *, per_stream: int, in_all: int) -> None:
        """Begin to count."""
        self._per_stream, self._left = per_stream, in_all

    def decompress(self, data: bytes) -> bytes:
        """Inflate a whole stream; raises MemoryError beyond the limit, and zlib.error for damaged data."""
        inflater = self.decompressobj()
        inflated = inflater.decompress(data)
        if not inflater.eof:
            raise zlib.error("incomplete or truncated stream")
        return inflated

    def decompressobj(self) -> "Inflater":
        """Return an inflater with its own count of the stream."""
        return Inflater(self, max(0, min(self._per_stream, self._left)))

    def count(self, size: int) -> None:
        self._left -= size


class Inflater:
    """zlib's decompression object, bounded."""

    def __init__(self, owner: BoundedZlib, limit: int) -> None:
        """Begin a stream of at most so many bytes."""
        self._owner, self._left = owner, limit
        self._inflater = zlib.decompressobj()

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    def decompress(self, data: bytes) -> bytes:
        inflated = self._inflater.decompress(data, self._left + 1)
        self._left -= len(inflated)
        self._owner.count(len(inflated))
        if self._left < 0:
            raise MemoryError("A stream inflates to more than fits the memory")
        return inflated


def bound_inflation(*, per_stream: int, in_all: int) -> None:
    """Let no stream of this process inflate to more bytes."""
    pdftypes.zlib = BoundedZlib(per_stream=per_stream, in_all=in_all)


class Silence:
    """A logger for libraries that report every token: nobody reads it, and to ask whether anybody does takes time."""

    def debug(self, *_: object, **__: object) -> None:
        """Say nothing."""

    info = warning = error = debug


SILENCE: Final = Silence()


def load_collections() -> None:
    """Load the tables of the East Asian character collections, which a process then has from its parent."""
    for name in COLLECTIONS:
        CMapDB.get_unicode_map(name)


def _object_at(self: PDFDocument, position: int, number: int) -> Any:
    """Parse the object at a position of the file (`PDFDocument._getobj_parse`)."""
    window = WINDOW_BYTES
    while window <= MAX_WINDOW_BYTES and not self._parser.fallback:
        self._parser.fp.seek(position)
        data = self._parser.fp.read(window)
        try:
            return _object_in(self, data, position, number)
        except (NotPlain, Unsupported):
            if len(data) < window:
                break
            window *= 8
    return object_at(self, position, number)


def _object_in(self: PDFDocument, data: bytes, start: int, number: int) -> Any:
    header = HEADER.match(data)
    if header is None or int(header.group(1)) != number:
        raise NotPlain
    value, position = parse_object(data, header.end(), refer=partial(PDFObjRef, self), null=None)
    end = END_OF_OBJECT.match(data, position)
    if end is None or end.end() == len(data):
        raise NotPlain
    if not end.group("stream"):
        return value
    if not isinstance(value, dict):
        raise NotPlain
    length = int_value(value.get("Length", 0))
    if length < 0:
        raise NotPlain
    self._parser.fp.seek(start + end.end())
    content = self._parser.fp.read(length + WINDOW_BYTES)
    if not END_OF_STREAM.match(content, length):
        raise NotPlain
    return PDFStream(value, content[:length], self.decipher)


def _objects_of(self: PDFDocument, stream: PDFStream) -> tuple[list[Any], int]:
    """Parse all objects of an object stream (`PDFDocument._get_objects`), where null is a keyword like any other."""
    data = stream.get_data().rstrip(SPACES) + b" "
    found, position, end = [], 0, len(data) - 1
    refer, null = partial(PDFObjRef, self), KWD(b"null")
    try:
        while position < end:
            value, position = parse_object(data, position, refer=refer, null=null, is_nested=False)
            found.append(value)
    except (NotPlain, Unsupported):
        return objects_of(self, stream)
    return found, stream.get("N", 0)


def _load_table(self: PDFXRef, parser: PDFParser) -> None:
    """Load a cross-reference table with its trailer (`PDFXRef.load`)."""
    start = parser.bufpos + parser.charpos
    parser.fp.seek(start)
    data = parser.fp.read(TABLE_BYTES)
    try:
        offsets, position = _offsets_in(data)
        trailer = _trailer_in(data, position, partial(PDFObjRef, parser.doc))
    except (NotPlain, Unsupported):
        parser.seek(start)
        load_table(self, parser)
    else:
        self.offsets.update(offsets)
        self.trailer.update(trailer)


def _offsets_in(data: bytes) -> tuple[dict[int, tuple[None, int, int]], int]:
    """Return where the table says the objects are, and the position behind it."""
    offsets: dict[int, tuple[None, int, int]] = {}
    position = 0
    while section := SECTION.match(data, position):
        first, count = map(int, section.groups())
        position = section.end() + ROW_BYTES * count
        rows = data[section.end() : position]
        if len(rows) < ROW_BYTES * count or not ROWS.fullmatch(rows):
            raise NotPlain
        for number, row in enumerate(ROW.findall(rows), start=first):
            if row[2] == b"n":
                offsets[number] = None, int(row[0]), int(row[1])
    return offsets, position


def _trailer_in(data: bytes, position: int, refer: Callable[[int], PDFObjRef]) -> dict[str, Any]:
    trailer = TRAILER.match(data, position)
    if trailer is None:
        raise NotPlain
    found, end = parse_object(data, trailer.end(), refer=refer, null=None)
    if not isinstance(found, dict) or not AFTER_TRAILER.match(data, end):
        raise NotPlain
    return found


def _resolve_all(found: Any, default: object = None) -> Any:
    """Resolve what a font's widths refer to (`resolve_all`): nearly always nothing."""
    if isinstance(found, dict) and all(type(value) in {int, float} for value in found.values()):
        return found
    return resolve_all(found, default)


def _read_cmap(self: CMapParser) -> None:
    """Read a ToUnicode CMap (`CMapParser.run`)."""
    if isinstance(self.cmap, FileUnicodeMap) and isinstance(self.fp, BytesIO) and not self.cmap.cid2unichr:
        try:
            self.cmap.cid2unichr.update(read_to_unicode(self.fp.getvalue()))
        except NotUsual:
            self.cmap.cid2unichr.clear()
        else:
            return
    read_cmap(self)


def _undo_predictor(predictor: int, colors: int, columns: int, bits: int, data: bytes) -> bytes:
    """Undo a PNG predictor (utils.py, `apply_png_predictor`), if it is the one that cross-reference streams have."""
    width = columns + 1
    if (colors, bits) != (1, 8) or len(data) % width or data[::width].strip(b"\x02"):
        return undo_predictor(predictor, colors, columns, bits, data)
    return undo_up(data, columns)


def undo_up(data: bytes, columns: int) -> bytes:
    """Undo the PNG filter `Up` of rows of one byte a column: each holds its differences from the row above."""
    rows = bytearray(len(data) // (columns + 1) * columns)
    for column in range(columns):
        rows[column::columns] = bytes(total & 0xFF for total in accumulate(data[column + 1 :: columns + 1]))
    return bytes(rows)


# What is replaced.
object_at = PDFDocument._getobj_parse  # noqa: SLF001 — pdfminer offers no other place.
objects_of: Callable[..., tuple[list[Any], int]] = PDFDocument._get_objects  # noqa: SLF001 — As above.
load_table = PDFXRef.load
read_cmap = CMapParser.run
resolve_all: Callable[..., Any] = pdffont.resolve_all
undo_predictor: Callable[..., bytes] = pdftypes.apply_png_predictor
REPLACEMENTS: Final = (
    (PDFDocument, "_getobj_parse", _object_at),
    (PDFDocument, "_get_objects", _objects_of),
    (PDFXRef, "load", _load_table),
    (CMapParser, "run", _read_cmap),
    (pdffont, "resolve_all", _resolve_all),
    (pdftypes, "apply_png_predictor", _undo_predictor),
    (encodingdb, "name2unicode", lru_cache(MAX_NAMES)(encodingdb.name2unicode)),
)

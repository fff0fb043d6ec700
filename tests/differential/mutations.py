"""PDFs with something changed: what a page draws, how an object is written, or any byte of the file."""

import random
import re
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO

from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFStream, stream_value

MAX_CONTENT = 60_000
PIECES = (
    *(b" %s " % word for word in rb"( ) [ ] << >> < > { } \ % / # ' - . +".split()),
    *(b" %s " % word for word in b"BT ET q Q h S n f* re T* Tj TJ BI ID EI".split()),
    b'"', b"\\\r\n", b"\\(", b"\\251", b"\\9", b"\x00", b"\xff", b" 1e5 ", b" 5.5.5 ", b" --3 ", b" -0 ", b" <41> ",
    b" <4", b" (a(b)c) ", b" true ", b" null ", b" 0 0 m ", b" 50 50 l ", b" 9 9 20 20 re f ", b" 1 2 3 4 5 6 c ",
    b" 5 Ts ", b" 120 Tz ", b" 3 Tc ", b" 9 Tw ", b" 7 TL ", b" 2 Tr ", b" 0 -12 TD ", b" -1 0 0 1 0 0 cm ",
    b" 1 0 0 -1 0 700 cm ", b" 0 1 -1 0 300 0 Tm ", b" 1 0 .3 1 50 50 Tm ", b" /Pattern cs ", b" /P scn ", b" .5 g ",
    b" 0 0 1 rg ", b" [(ab) -300 (c) 5] TJ ", b" (word) ' ", b' 1 2 (word) " ', b" /P <</MCID 3>> BDC ", b" EMC ",
    b" BI /W 1 /H 1 ID x EI ", b" BI /F /A85 ID 9~> EI ", b" 1 0 R ", b" /F#31 9 Tf ", b" /None 9 Tf ", b" Do ",
    b"% a comment\r", b" T_a ", b" 10 20 m 30 20 l 30 40 l 10 40 l h S ", b" 10 20 m 30 20 l 30 20 l S ",
)  # fmt: skip


def mutated(files: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Yield PDFs without end, the same for the same seed and files."""
    chance = random.Random(seed)  # noqa: S311 — Not for secrets.
    contents = [(pdf, found) for pdf in files if (found := _contents(pdf))]
    while True:
        pdf, found = chance.choice(contents)
        if chance.random() < 0.2:
            yield _scrambled(chance, pdf, times=chance.randint(1, 8))
        else:
            changed = {number: _changed(chance, data) for number, data in found.items()}
            yield with_streams(pdf, changed, deflate=chance.random() < 0.5)


def with_streams(pdf: bytes, contents: dict[int, bytes], *, deflate: bool = False) -> bytes:
    """Return the PDF with these streams instead of those of the same numbers, by an incremental update."""
    file, offsets = bytearray(pdf + b"\n"), {}
    for number, data in contents.items():
        offsets[number] = len(file)
        packed = zlib.compress(data) if deflate else data
        entry = b" /Filter /FlateDecode" if deflate else b""
        file += b"%d 0 obj\n<< /Length %d%s >>\nstream\n%s\nendstream\nendobj\n" % (number, len(packed), entry, packed)
    table = len(file)
    file += b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % entry for entry in offsets.items())
    root, before = _catalog_number(pdf), re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    return bytes(file) + b"trailer\n<< /Size 9999 /Root %d 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        root,
        before,
        table,
    )


def _contents(pdf: bytes) -> dict[int, bytes]:
    """Return the content streams of the first page by object number; none of a PDF that cannot be rewritten so."""
    try:
        document = PDFDocument(PDFParser(BytesIO(pdf)))
        page = next(PDFPage.create_pages(document))
        streams: list[PDFStream] = [stream_value(stream) for stream in page.contents]
        found = {stream.objid: stream.get_data() for stream in streams}
        is_usable = document.encryption is None and b"startxref" in pdf and _catalog_number(pdf) and None not in found
    except Exception:  # noqa: BLE001 — An edge: such a file is no source.
        return {}
    return found if is_usable and sum(map(len, found.values())) <= MAX_CONTENT else {}


def _catalog_number(pdf: bytes) -> int:
    roots = re.findall(rb"/Root\s+(\d+)\s+0\s+R", pdf)
    return int(roots[-1]) if roots else 0


def _changed(chance: random.Random, data: bytes) -> bytes:
    content = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, kind = chance.randrange(len(content) + 1), chance.choice(["byte", "piece", "piece", "cut", "copy"])
        if kind == "byte" and content:
            content[at % len(content)] = chance.randrange(256)
        elif kind == "piece":
            content[at:at] = chance.choice(PIECES)
        elif kind == "cut":
            del content[at : at + chance.randint(1, 30)]
        elif kind == "copy":
            content[at:at] = content[max(0, at - chance.randint(1, 200)) : at]
    return bytes(content)


def _scrambled(chance: random.Random, pdf: bytes, *, times: int) -> bytes:
    file = bytearray(pdf)
    for _ in range(times):
        at = chance.randrange(len(file))
        if chance.random() < 0.5:
            file[at] = chance.choice(b" \n\r/<>[]()#%0123456789RnobjTfe\\\x00\xff")
        else:
            other = chance.randrange(len(file))
            file[at : at + 8] = file[other : other + 8]
    return bytes(file)

"""A first reading, made before processes are forked: what it loads, caches and specializes, each of them then has.

A forked process copies every page of memory that it writes to, and Python writes when it runs a function for the first
times. Without this a one-page PDF costs about twice as much.
"""

import zlib
from io import BytesIO
from typing import Final

from worker.extraction.engine.document import Document
from worker.extraction.reading import encode_page

ROUNDS = 3
FIRST_ROW, ROWS, ROW_HEIGHT = 600, 8, 20
RULES = b" ".join(
    [b"72 %d m 400 %d l S" % (y, y) for y in range(FIRST_ROW, FIRST_ROW + ROWS * ROW_HEIGHT, ROW_HEIGHT)]
    + [b"%d 600 m %d 740 l S" % (x, x) for x in (72, 200, 400)]
)
CELLS = b" ".join(
    b"BT /F%d 10 Tf 0.1 Tc 1 0 0 1 %d %d Tm [(Wh) -20 (eat %d) 3] TJ ET"
    % (1 + n % 2, 76 + 130 * (n % 2), 604 + 10 * n, n)
    for n in range(2 * ROWS - 3)
)
PROSE = b"BT /F3 9 Tf 12 TL 72 500 Td <000100020001> Tj T* <00020001> Tj ET " + b" ".join(
    b"BT /F1 9 Tf 72 %d Td 5 Tw (Bound into \\(sheaves\\) %d) Tj ET" % (480 - 11 * n, n) for n in range(20)
)
DRAWING = (
    b"q 0 1 -1 0 500 100 cm BT /F1 8 Tf (turned) Tj ET Q /P <</MCID 0>> BDC EMC 0.5 g 1 0 0 RG 72 50 90 12 re f* "
    b"10 10 m 20 20 l 30 10 40 10 50 20 c h S q 9 0 0 9 500 500 cm /Im Do Q /Fm Do"
)
TO_UNICODE = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def /CMapName /Adobe-Identity-UCS def
/CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfchar <0001> <0061> endbfchar 1 beginbfrange <0002> <0003> <0062> endbfrange
endcmap CMapName currentdict /CMap defineresource pop end end"""
RESOURCES = (
    b"<< /ProcSet [/PDF /Text] /ColorSpace << /C [/ICCBased 11 0 R] >> /XObject << /Im 10 0 R /Fm 12 0 R >>"
    b" /Font << /F1 5 0 R /F2 6 0 R /F3 7 0 R >> >>"
)
SYSTEM = b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
OBJECTS: Final = {
    1: b"<< /Type /Catalog /Pages 2 0 R >>",
    2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources %s >>" % RESOURCES,
    5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [128 /A /Adieresis /f_i] >> >>",
    6: b"<< /Type /Font /Subtype /TrueType /BaseFont /Some /FirstChar 32 /LastChar 126 /Encoding /WinAnsiEncoding"
    b" /Widths [%s] /FontDescriptor 9 0 R >>" % (b"500 " * 95),
    7: b"<< /Type /Font /Subtype /Type0 /BaseFont /Other /Encoding /Identity-H /ToUnicode 13 0 R"
    b" /DescendantFonts [8 0 R] >>",
    8: b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Other /CIDSystemInfo %s /FontDescriptor 9 0 R /DW 1000"
    b" /W [1 [500 600] 3 9 700] >>" % SYSTEM,
    9: b"<< /Type /FontDescriptor /FontName /Some /Flags 32 /Ascent 900 /Descent -200 /FontBBox [-100 -200 999 900] >>",
}
STREAMS: Final = {
    4: (b"", b" ".join((RULES, CELLS, PROSE, DRAWING))),
    10: (b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", b"\x80"),
    11: (b"/N 3", b"not needed"),
    12: (b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << >>", b"q 1 0 0 1 5 5 cm 0 0 m 9 9 l S Q"),
    13: (b"", TO_UNICODE),
}


def warm_up() -> None:
    """Read a small PDF a few times."""
    pdf = sample()
    for _ in range(ROUNDS):
        document = Document(BytesIO(pdf), password=None)
        for number in range(1, document.count(at_most=None) + 1):
            encode_page(document.read(number))


def sample() -> bytes:
    """Return a PDF of one page with what most PDFs have: fonts of each kind, a table, a form, a picture."""
    objects = {**OBJECTS, **{number: _stream(entries, data) for number, (entries, data) in STREAMS.items()}}
    file, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in sorted(objects.items()):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    file += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(file) + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, table)


def _stream(entries: bytes, data: bytes) -> bytes:
    packed = zlib.compress(data)
    return b"<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (entries, len(packed), packed)

"""PDFs made for tests: well-formed ones, encrypted and damaged ones, and hostile ones that are small and cost much."""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
LETTER = b"[0 0 612 792]"
PASSWORD_PADDING = bytes.fromhex(
    "28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a"
)  # PDF 32000-1, 7.6.3.3
CATALOG, TREE, FONT_NUMBER, FIRST_PAGE = 1, 2, 3, 4
INFO, OUTLINE, NAMES, FIELDS, LINKS = 100, 110, 120, 130, 140


def text_pdf(pages: int = 1, *, text: str = "Page {number} of a document about sheaves") -> bytes:
    """One line of text a page; `{number}` in the text is the page's number."""
    return document([show(text.format(number=number)) for number in range(1, pages + 1)])


def lines_pdf(pages: int, *, lines: int, said: str = "sheaf") -> bytes:
    """Pages full of text."""
    return document([_full_page(f"{said} page {number}", lines) for number in range(1, pages + 1)])


def _full_page(said: str, lines: int) -> bytes:
    return b"".join(show(f"{said} line {line} of plain words", y=20 + 18 * line) for line in range(lines))


def table_pdf(rows: int = 3, columns: int = 3) -> bytes:
    """One ruled table with a heading above it; cell (r, c) says `r{r}c{c}`."""
    return document([show("A table of cells") + grid(rows, columns)])


def cells_pdf(*tables: Sequence[Sequence[str]], **about: str) -> bytes:
    """A ruled table a page, with these texts in its cells; `about` is what the document says of itself."""
    objects = page_objects([cells(rows) for rows in tables])
    number = max(objects) + 1
    entries = b" ".join(b"/%s (%s)" % (name.encode(), escaped(text)) for name, text in about.items())
    return assemble(objects | {number: b"<< %s >>" % entries}, trailer=b"/Info %d 0 R" % number)


def rich_pdf(**extra: bytes) -> bytes:
    """Two pages with everything that a document can say of itself; `extra` are more entries of the catalog."""
    objects = page_objects([show("Page 1"), show("Page 2")])
    second = FIRST_PAGE + 2
    link = b"<< /Type /Annot /Subtype /Link /Rect [72 700 172 720] /A << /S /URI /URI (%s) >> >>"
    uris = [b"https://example.org/a?b=c", b"javascript:alert\\(1\\)", b"mailto:ada@example.org", b"file:///etc/passwd"]
    objects |= {LINKS + n: link % uri for n, uri in enumerate(uris)}
    annotations = b" ".join(b"%d 0 R" % (LINKS + n) for n in range(len(uris)))
    objects[second] = objects[second].replace(b"/Rotate 0", b"/Rotate 0 /Annots [%s]" % annotations)
    objects |= {
        CATALOG: b"<< /Type /Catalog /Pages 2 0 R /Outlines %d 0 R /Names %d 0 R"
        b" /AcroForm << /Fields [%d 0 R %d 0 R] >> /PageLabels << /Nums [0 << /S /r >> 1 << /S /D /P (A-) >>] >> %s >>"
        % (OUTLINE, NAMES, FIELDS, FIELDS + 1, b" ".join(b"/%s %s" % (k.encode(), v) for k, v in extra.items())),
        INFO: b"<< /Title <FEFF00DC006200650072> /Author (Ada) /CreationDate (D:20240229120000+01'30') /ModDate (soon)"
        b" /Custom (something else) /Trapped /False >>",
        OUTLINE: b"<< /First %d 0 R /Last %d 0 R >>" % (OUTLINE + 1, OUTLINE + 2),
        OUTLINE + 1: b"<< /Title (One) /Dest [%d 0 R /Fit] /Next %d 0 R /First %d 0 R >>"
        % (FIRST_PAGE, OUTLINE + 2, OUTLINE + 3),
        OUTLINE + 2: b"<< /Title (Two) /A << /S /GoTo /D (second) >> /Next %d 0 R >>" % (OUTLINE + 1),  # A circle.
        OUTLINE + 3: b"<< /Title (Outside) /A << /S /URI /URI (https://example.org) >> >>",
        NAMES: b"<< /Dests << /Names [(second) [%d 0 R /XYZ 0 0 0]] >> /EmbeddedFiles << /Kids [%d 0 R] >> >>"
        % (second, NAMES + 1),
        NAMES + 1: b"<< /Names [(a) << /UF (data.csv) /EF << /F %d 0 R >> >>] /Kids [%d 0 R] >>"
        % (NAMES + 2, NAMES + 1),
        NAMES + 2: stream(b"a,b", entries=b"/Type /EmbeddedFile /Subtype /text#2Fcsv /Params << /Size 12 >>"),
        FIELDS: b"<< /T (person) /FT /Tx /Kids [%d 0 R %d 0 R] >>" % (FIELDS + 2, FIELDS),
        FIELDS + 1: b"<< /T (agreed) /FT /Btn /V /Yes >>",
        FIELDS + 2: b"<< /T (name) /Parent %d 0 R /V (Ada Lovelace) >>" % FIELDS,
    }
    return assemble(objects, trailer=b"/Info %d 0 R" % INFO)


def aligned_pdf(rows: Sequence[Sequence[str]]) -> bytes:
    """One table without any rules below a line of text."""
    texts = [(text, at, column) for at, row in enumerate(rows) for column, text in enumerate(row)]
    shown = [b"1 0 0 1 %d %d Tm (%s) Tj" % (72 + 120 * c, 600 - 16 * at, escaped(text)) for text, at, c in texts]
    return document([show("What stands below is a table") + b"BT /F1 10 Tf %s ET" % b" ".join(shown)])


def cells(rows: Sequence[Sequence[str]]) -> bytes:
    """Rules and texts of a table near the top of a page, whose cells are 110 by 20 points."""
    width, height = 110, 20
    parts = [b"0.5 w"]
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            x, y = 40 + width * column, 700 - height * at
            parts.append(b"%d %d %d %d re S" % (x, y, width, height))
            parts.append(b"BT /F1 8 Tf %d %d Td (%s) Tj ET" % (x + 4, y + 6, escaped(text)))
    return b" ".join(parts)


def escaped(text: str) -> bytes:
    """Return the text as it is written between the parentheses of a PDF's string."""
    return b"".join(b"\\%03o" % byte for byte in text.encode("latin-1"))


def picture_pdf(caption: str = "") -> bytes:
    """One picture over the whole page, as a scanner makes it, with a caption where one is given."""
    picture = b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
    objects = page_objects([b"q 612 0 0 792 0 0 cm /Scan Do Q " + show(caption)])
    objects[max(objects) + 1] = stream(b"\x80", entries=picture.removeprefix(b"<< "))
    return assemble({**objects, FIRST_PAGE: page(FIRST_PAGE + 1, pictures=b"/Scan %d 0 R" % max(objects))})


def encrypted_pdf(password: str) -> bytes:
    """One line of text, encrypted with 40-bit RC4 (PDF 32000-1, algorithms 1 to 4); owner and user are the same."""
    padded = (password.encode("latin-1") + PASSWORD_PADDING)[:32]
    owner = rc4(hashlib.md5(padded, usedforsecurity=False).digest()[:5], padded)
    permissions, identifier = (-4).to_bytes(4, "little", signed=True), b"0123456789abcdef"
    key = hashlib.md5(padded + owner + permissions + identifier, usedforsecurity=False).digest()[:5]
    content_number = FIRST_PAGE + 1
    salted = key + content_number.to_bytes(3, "little") + bytes(2)
    content = rc4(hashlib.md5(salted, usedforsecurity=False).digest()[:10], show("A secret page"))
    objects = page_objects([b""])
    objects[content_number] = stream(content)
    entry = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (
        owner.hex().encode(),
        rc4(key, PASSWORD_PADDING).hex().encode(),
    )
    return assemble(objects, trailer=b"/Encrypt %s /ID [<%s> <%s>]" % ((entry,) + (identifier.hex().encode(),) * 2))


def one_bad_page_pdf(pages: int = 3, *, bad: int = 2) -> bytes:
    """Pages of text, of which the bad one has a rotation that is no number: pdfplumber then opens no page at all."""
    objects = page_objects([show(f"Page {number}") for number in range(1, pages + 1)])
    number = FIRST_PAGE + 2 * (bad - 1)
    return assemble({**objects, number: objects[number].replace(b"/Rotate 0", b"/Rotate [1]")})


def untyped_pages_pdf(pages: int = 3) -> bytes:
    """Pages that do not say that they are pages: pdfplumber finds none, without any error."""
    return text_pdf(pages).replace(b"/Type /Page ", b"/Tipe /Page ")


def direct_pages_pdf(pages: int = 3) -> bytes:
    """Pages that stand in their tree instead of being referred to, at which pdfminer raises AttributeError."""
    objects = page_objects([show(f"Page {number}") for number in range(1, pages + 1)])
    kids = b" ".join(objects[number] for number in range(FIRST_PAGE, max(objects), 2))
    return assemble({**objects, TREE: b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages)})


def unreal_page_pdf() -> bytes:
    """Two pages, of which PDFium finds the second nowhere while pdfplumber reads both."""
    objects = page_objects([show("Page 1"), show("Page 2")])
    return assemble({**objects, 2: objects[2].replace(b"/Count 2", b"/Count 1")})


def lying_count_pdf(pages: int = 2, *, claimed: int = 30) -> bytes:
    """A page tree that claims to have more pages than there are, which PDFium believes."""
    return text_pdf(pages).replace(b"/Count %d" % pages, b"/Count %d" % claimed)


def procedure_pdf(pages: int = 2) -> bytes:
    """Pages with a procedure among their operators, which the engine leaves to pdfplumber."""
    return document([show(f"Page {number}") + b"{ 1 } " for number in range(1, pages + 1)])


def slow_page_pdf(pages: int = 1, *, slow: int = 1) -> bytes:
    """Pages of text, of which one has so many operators that reading it takes long, but little memory."""
    objects = page_objects([show(f"Page {number}") for number in range(1, pages + 1)])
    return assemble({**objects, FIRST_PAGE + 2 * (slow - 1) + 1: deflated(b"n " * 2**20, times=48)})


def hungry_page_pdf(pages: int = 1, *, hungry: int = 1) -> bytes:
    """Pages of text, of which one inflates to a gigabyte."""
    objects = page_objects([show(f"Page {number}") for number in range(1, pages + 1)])
    return assemble({**objects, FIRST_PAGE + 2 * (hungry - 1) + 1: deflated(bytes(2**24), times=64)})


def flate_bomb() -> bytes:
    """1 MB that inflates to 1 GiB of spaces."""
    return assemble({**page_objects([b""]), FIRST_PAGE + 1: deflated(b" " * 2**24, times=64)})


def stacked_flate_bomb() -> bytes:
    """7 kB, deflated twice, that inflate to 4 GiB."""
    inner = deflate(b" " * 2**24, times=256)
    filters = b"/Filter [/FlateDecode /FlateDecode]"
    return assemble({**page_objects([b""]), FIRST_PAGE + 1: stream(zlib.compress(inner, 9), entries=filters)})


def many_chars() -> bytes:
    """50 kB that draw sixteen million characters."""
    return document([b"BT /F1 1 Tf 10 700 Td " + b"(AAAAAAAAAAAAAAAAAAAA) Tj " * 800_000 + b"ET"])


def many_rects() -> bytes:
    """40 kB that draw 1.6 million rectangles."""
    return document([b"0 0 1 1 re f " * 1_600_000])


def nested_arrays() -> bytes:
    """6 kB that open three million arrays inside each other."""
    return document([b"[ " * 3_000_000])


def page_tree_loop() -> bytes:
    """A page tree that is its own child."""
    return assemble({**page_objects([show("looped")]), TREE: tree([TREE, FIRST_PAGE])})


def deep_page_tree() -> bytes:
    """A page 5,000 levels down its page tree."""
    objects = page_objects([show("deep")])
    top = max(objects) + 1
    levels = {number: tree([number + 1]) for number in range(top, top + 5000)}
    return assemble({**objects, **levels, TREE: tree([top]), top + 5000: tree([FIRST_PAGE])})


def repeated_kids(times: int = 100_000) -> bytes:
    """One page that its page tree names so many times."""
    return assemble({**page_objects([show("again")]), TREE: tree(repeat(FIRST_PAGE, times))})


def many_pages(pages: int = 200_000) -> bytes:
    """19 MB of empty pages."""
    leaf = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    leaves = dict.fromkeys(range(FIRST_PAGE, FIRST_PAGE + pages), leaf)
    return assemble({CATALOG: catalog(), TREE: tree(leaves), FONT_NUMBER: FONT, **leaves})


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        flate_bomb,
        stacked_flate_bomb,
        many_chars,
        many_rects,
        nested_arrays,
        page_tree_loop,
        deep_page_tree,
        repeated_kids,
        many_pages,
    )
}


def document(contents: list[bytes]) -> bytes:
    """A PDF of one page for each content stream."""
    return assemble(page_objects(contents))


def page_objects(contents: list[bytes]) -> dict[int, bytes]:
    """The objects of such a PDF by number: from FIRST_PAGE on, each page is followed by its content."""
    objects = {CATALOG: catalog(), FONT_NUMBER: FONT}
    for index, content in enumerate(contents):
        number = FIRST_PAGE + 2 * index
        objects[number] = page(number + 1)
        objects[number + 1] = deflated(content)
    pages = range(FIRST_PAGE, FIRST_PAGE + 2 * len(contents), 2)
    return {**objects, TREE: tree(pages)}


def catalog() -> bytes:
    return b"<< /Type /Catalog /Pages %d 0 R >>" % TREE


def tree(kids: Iterable[int]) -> bytes:
    listed = [b"%d 0 R" % kid for kid in kids]
    return b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(listed), len(listed))


def page(content: int, *, pictures: bytes = b"") -> bytes:
    resources = b"<< /Font << /F1 %d 0 R >> /XObject << %s >> >>" % (FONT_NUMBER, pictures)
    head = b"/Type /Page /Parent %d 0 R /MediaBox %s /Rotate 0" % (TREE, LETTER)
    return b"<< %s /Contents %d 0 R /Resources %s >>" % (head, content, resources)


def show(text: str, *, y: float = 720) -> bytes:
    """Draw one line of text, near the top of the page unless `y` says otherwise."""
    escaped = text.encode("latin-1").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /F1 12 Tf 72 %g Td (%s) Tj ET " % (y, escaped)


def grid(rows: int, columns: int) -> bytes:
    """Rules and texts of a table whose cells are 90 by 20 points."""
    left, top, width, height = 72, 700, 90, 20
    lines = [
        b"%d %d m %d %d l S" % (left, y, left + columns * width, y) for y in range(top - rows * height, top + 1, height)
    ]
    lines += [
        b"%d %d m %d %d l S" % (x, top, x, top - rows * height) for x in range(left, left + columns * width + 1, width)
    ]
    cells = [
        b"BT /F1 10 Tf %d %d Td (r%dc%d) Tj ET" % (left + 4 + c * width, top - 14 - r * height, r, c)
        for r in range(rows)
        for c in range(columns)
    ]
    return b" ".join(lines + cells)


def stream(data: bytes, *, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def deflated(chunk: bytes, *, times: int = 1) -> bytes:
    return stream(deflate(chunk, times=times), entries=b"/Filter /FlateDecode")


def deflate(chunk: bytes, *, times: int = 1) -> bytes:
    """Compress so many copies of the chunk by compressing it once: after a full flush blocks can be repeated."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.adler32(b"")
    for _ in range(times):
        checksum = zlib.adler32(chunk, checksum)
    return b"\x78\xda" + block * times + b"\x03\x00" + checksum.to_bytes(4, "big")


def assemble(objects: Mapping[int, bytes], *, trailer: bytes = b"") -> bytes:
    """Write the objects with their cross-reference table."""
    out, offsets = bytearray(b"%PDF-1.5\n"), {}
    for number, body in sorted(objects.items()):
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    size, start = max(objects) + 1, len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    out += b"".join(b"%010d 00000 n \n" % offsets.get(number, 0) for number in range(1, size))
    out += b"trailer\n<< /Size %d /Root %d 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, CATALOG, trailer, start)
    return bytes(out)


def rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)

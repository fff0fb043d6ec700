"""What replaces pdfminer's parsing gives the same objects, and no stream inflates beyond its limit."""

import random
import zlib

import pytest
from pdfminer.pdfparser import PDFStreamParser
from pdfminer.pdftypes import PDFObjRef, apply_png_predictor
from pdfminer.psexceptions import PSEOF
from pdfminer.psparser import KWD

from worker.extraction.engine import Unsupported, parsing
from worker.extraction.engine.objects import NotPlain, parse_object

PLAIN = (
    b"<</Type/Page/Kids[3 0 R 44 0 R]/Box[0 0.5 .25 -7.]/T true/F false/N null/S(a\\(b\\)\\053)/H<4142 4>/Last 0>>",
    b"[1 2 R 5 0 R [] << >> /A#20B /]",
    b"(text \\\n over \\101\\9)",
    b"<>",
    b"-17",
    b"/Name",
    b"null",
)
NOT_PLAIN = (
    b"(nested (text))",
    b"(\\\r\n)",
    b"<</Odd>>",
    b"<<1 2>>",
    b"[1 2",
    b"% comment\n1",
    b"/A#2G",
    b"<41>>",
    b"[1 >>",
    b"5 0 R",
    b"--5",
    b"1.2.3",
    b"word",
)


def by_pdfminer(data: bytes) -> object:
    parser = PDFStreamParser(data)
    try:
        return parser.nextobject()[1]
    except PSEOF:
        return "nothing"


@pytest.mark.parametrize("data", PLAIN)
def test_plain_objects_are_the_same(data: bytes) -> None:
    found, end = parse_object(data + b" ", 0, refer=lambda n: PDFObjRef(None, n), null=KWD(b"null"), is_nested=False)
    assert repr(found) == repr(by_pdfminer(data))
    assert end == len(data)


@pytest.mark.parametrize("data", NOT_PLAIN)
def test_other_objects_are_left_to_pdfminer(data: bytes) -> None:
    with pytest.raises((NotPlain, Unsupported)):
        parse_object(data + b" ", 0, refer=lambda n: PDFObjRef(None, n), null=KWD(b"null"), is_nested=False)


@pytest.mark.parametrize("columns", [1, 4, 5])
def test_the_predictor_of_cross_references_is_undone_alike(columns: int) -> None:
    chance = random.Random(columns)  # noqa: S311 — Not for secrets.
    rows = b"".join(b"\x02" + chance.randbytes(columns) for _ in range(50))
    assert parsing.undo_up(rows, columns) == apply_png_predictor(12, 1, columns, 8, rows)


def test_a_stream_inflates_up_to_its_limit() -> None:
    bounded = parsing.BoundedZlib(per_stream=1000, in_all=1500)
    assert bounded.decompress(zlib.compress(bytes(1000))) == bytes(1000)
    with pytest.raises(MemoryError):
        bounded.decompress(zlib.compress(bytes(501)))


def test_a_stream_does_not_inflate_beyond_its_limit() -> None:
    bounded = parsing.BoundedZlib(per_stream=1000, in_all=10**6)
    with pytest.raises(MemoryError):
        bounded.decompress(zlib.compress(bytes(1001)))


@pytest.mark.parametrize("damaged", [b"", zlib.compress(b"text" * 9)[:-5], b"nonsense"])
def test_damaged_streams_fail_as_with_zlib(damaged: bytes) -> None:
    with pytest.raises(zlib.error):
        parsing.BoundedZlib(per_stream=1000, in_all=1000).decompress(damaged)

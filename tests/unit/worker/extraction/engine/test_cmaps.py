"""ToUnicode CMaps mean what pdfminer's parser makes of them, or are left to it."""

from io import BytesIO

import pytest
from pdfminer.cmapdb import CMapParser, FileUnicodeMap

from worker.extraction.engine.cmaps import NotUsual, read_to_unicode

FRAME = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
%s
endcmap CMapName currentdict /CMap defineresource pop end end"""
USUAL = {
    "chars": b"2 beginbfchar <01> <0041> <0002> <00660069> endbfchar",
    "ranges": b"2 beginbfrange <0001> <0003> <0041> <0010><0012><D83DDE00> endbfrange",
    "a range of single texts": b"1 beginbfrange <0001> <0003> [<0041> <00420043>] endbfrange",
    "counting over a byte": b"1 beginbfrange <0001> <0005> <00FE> endbfrange",
    "counting over the end": b"1 beginbfrange <0001> <0005> <FFFE> endbfrange",
    "a target of one byte": b"1 beginbfrange <01> <05> <FE> endbfrange",
    "long targets": b"1 beginbfrange <01> <05> <0041004200430044> endbfrange",
    "a range that ends before it begins": b"1 beginbfrange <0005> <0001> <0041> endbfrange",
    "ends of different lengths": b"1 beginbfrange <05> <0009> <0041> endbfrange",
    "both kinds of blank": b"2 beginbfchar <01> <0020> <01> <00A0> <02> <00A0> <02> <0020> endbfchar",
    "half a surrogate": b"1 beginbfchar <01> <D83D> endbfchar",
    "an odd digit": b"1 beginbfchar <01> <004> endbfchar",
    "blanks within codes": b"1 beginbfchar <0 1> <00 41> endbfchar",
    "comments": b"% one\n1 beginbfchar <01> <0041> endbfchar % two",
    "nothing": b"",
}
UNUSUAL = {
    "names": b"1 beginbfchar <01> /Adieresis endbfchar",
    "numbers": b"1 beginbfrange <01> <02> 65 endbfrange",
    "a lone code": b"1 beginbfchar <01> <0041> <02> endbfchar",
    "no target": b"1 beginbfrange <01> <05> <> endbfrange",
    "a wide range": b"1 beginbfrange <000000> <FFFFFF> <0041> endbfrange",
    "another CMap": b"/Other usecmap",
    "CIDs": b"1 begincidrange <00> <05> 7 endcidrange",
}


def by_pdfminer(data: bytes) -> dict[int, str]:
    found = FileUnicodeMap()
    CMapParser(found, BytesIO(data)).run()
    return dict(found.cid2unichr)


@pytest.mark.parametrize("blocks", USUAL.values(), ids=USUAL)
def test_a_usual_cmap_means_the_same(blocks: bytes) -> None:
    data = FRAME % blocks
    assert read_to_unicode(data) == by_pdfminer(data)


def test_what_follows_the_end_means_nothing() -> None:
    data = FRAME.replace(b"%s", b"1 beginbfchar <01> <0041> endbfchar") + b" 1 beginbfchar"
    assert read_to_unicode(data) == by_pdfminer(data) == {1: "A"}


@pytest.mark.parametrize("blocks", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_cmap_is_left_to_pdfminer(blocks: bytes) -> None:
    with pytest.raises(NotUsual):
        read_to_unicode(FRAME % blocks)

"""Markdown has headings, paragraphs, lists, code and tables, and no running heads."""

import pytest

from api.documents.text.markdown import markdown
from api.documents.text.results import PageResults
from tests import pdf_files
from tests.unit.api.text.reading_pages import CORPUS, column, line, page_of, pages_of

PROSE = [
    "The first line of a paragraph fills the width of the column, as does the",
    "second one, which ends in the middle of an impor-",
    "tant word.",
]
TOLD = f"{PROSE[0]} second one, which ends in the middle of an important word."


def written(*pages: PageResults) -> str:
    return "".join(markdown(lambda: iter(pages)))


def blocks(*pages: PageResults) -> list[str]:
    return [block for block in written(*pages).split("\n\n") if block and not block.startswith("<!--")]


def test_lines_are_joined_to_paragraphs() -> None:
    page = page_of(column(PROSE, 72) + column(PROSE, 72, top=650))
    assert blocks(page) == [TOLD, TOLD]


def test_headings_have_levels_by_their_size() -> None:
    page = page_of(line("The title", 72, 740, size=20) + line("A part of it", 72, 715, size=14) + column(PROSE * 3, 72))
    assert blocks(page)[:2] == ["# The title", "## A part of it"]


def test_a_heading_of_two_lines_is_one() -> None:
    page = page_of(column(["A title that is", "rather long"], 72, top=740, pitch=20, size=16) + column(PROSE * 3, 72))
    assert blocks(page)[0] == "# A title that is rather long"


def test_items_of_lists_begin_with_a_hyphen_or_their_number() -> None:
    page = page_of(column(["\x95 the first", "- the second", "1. a third"], 72))
    assert blocks(page)[1:] == ["- the second", "1. a third"]


def test_a_table_stands_where_it_is_on_the_page() -> None:
    (page,) = pages_of(pdf_files.table_pdf(rows=3, columns=2))
    table = "| r0c0 | r0c1 |\n| --- | --- |\n| r1c0 | r1c1 |\n| r2c0 | r2c1 |"
    assert blocks(page)[1:] == [table]


def test_every_page_is_marked() -> None:
    assert [part for part in written(*pages_of(pdf_files.text_pdf(3))).split("\n\n") if part.startswith("<!--")] == [
        f"<!-- page {number} -->" for number in (1, 2, 3)
    ]


def test_running_heads_and_page_numbers_are_left_out_where_they_repeat() -> None:
    contents = [
        line("Annual report", 72, 760) + column(PROSE, 72, top=650) + line(str(number), 300, 30) for number in (1, 2, 3)
    ]
    assert blocks(*pages_of(pdf_files.document(contents))) == [TOLD] * 3


def test_a_head_that_is_there_once_stays() -> None:
    assert blocks(page_of(line("Annual report", 72, 760) + column(PROSE, 72))) == ["Annual report", TOLD]


def test_a_paragraph_goes_on_in_the_next_column() -> None:
    left = [f"This is line {n} of a paragraph of text that" for n in range(6)]
    right = [f"goes on with line {n} in the column beside" for n in range(6)]
    assert blocks(page_of(column(left, 72) + column(right, 310))) == [" ".join(left + right)]


@pytest.mark.parametrize("text", ["# no heading", "> no quotation", "a <b> no tag"])
def test_what_markdown_would_take_for_its_own_is_escaped(text: str) -> None:
    (block,) = blocks(page_of(line(text, 72, 400)))
    assert block.replace("\\", "") == text
    assert "\\" in block


def test_lines_with_wide_gaps_stay_lines() -> None:
    rows = column(["Name:", "City:"], 72) + column(["Ada Lovelace", "London"], 200)
    assert blocks(page_of(rows)) == ["Name: Ada Lovelace  \nCity: London"]


def test_code_is_fenced_with_its_indents() -> None:
    courier = pdf_files.document([column(["if this:", "    that()"], 72)]).replace(b"/Helvetica", b"/Courier  ")
    assert blocks(*pages_of(courier)) == ["```\nif this:\n    that()\n```"]


def test_a_page_that_could_not_be_read_is_only_marked() -> None:
    assert written(PageResults(7, 612, 792)) == "<!-- page 7 -->\n\n"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real PDFs is not beside this checkout")
def test_a_real_document_has_its_headings_paragraphs_and_lists() -> None:
    text = written(*pages_of((CORPUS / "text/multi_page.pdf").read_bytes()))
    assert "\n# The Evolution of the Word Processor\n" in text
    assert "producing legible" not in text
    assert "\n\n- WordStar (1978)" in text

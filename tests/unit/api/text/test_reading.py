"""The reading form follows columns, and puts blanks where people see them."""

from dataclasses import replace
from time import process_time

import pytest

from api.documents.text.reading import reading_text
from tests.unit.api.text.reading_pages import CORPUS, column, line, page_of, pages_of

LEFT = [f"This is line {n} of the left column of text" for n in range(8)]
RIGHT = [f"Here goes line {n} of the column on the right" for n in range(8)]
TITLE = "A title that stands over both of the columns and is rather long, as titles of papers are"


def test_columns_are_read_one_after_the_other() -> None:
    page = page_of(column(LEFT, 72) + column(RIGHT, 310))
    assert reading_text(page).splitlines() == LEFT + RIGHT


def test_columns_are_found_whatever_order_they_were_drawn_in() -> None:
    rows = [
        line(left, 72, 700 - 12 * n) + line(right, 310, 700 - 12 * n)
        for n, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True))
    ]
    assert reading_text(page_of(b"".join(rows))).splitlines() == LEFT + RIGHT


def test_columns_with_lines_at_different_heights_are_found() -> None:
    page = page_of(column(LEFT, 72) + column(RIGHT, 310, top=695, pitch=12.7))
    assert reading_text(page).splitlines() == LEFT + RIGHT


def test_what_stands_over_and_under_both_columns_is_read_first_and_last() -> None:
    page = page_of(
        line(TITLE, 72, 730, size=11) + column(LEFT, 72) + column(RIGHT, 310) + line(TITLE, 72, 590, size=11)
    )
    assert reading_text(page).splitlines() == [TITLE, *LEFT, *RIGHT, TITLE]


def test_three_columns_are_read_one_after_the_other() -> None:
    columns = [[f"{name} column, line {n}, text" for n in range(9)] for name in ("First", "Second", "Third")]
    page = page_of(b"".join(column(texts, 60 + 170 * at) for at, texts in enumerate(columns)))
    assert reading_text(page).splitlines() == [text for texts in columns for text in texts]


def test_a_table_without_rules_is_read_by_rows() -> None:
    rows = [(f"Item {n}", str(17 * n), f"{n}.50") for n in range(10)]
    page = page_of(
        b"".join(line(cell, 72 + 130 * at, 700 - 14 * n) for n, row in enumerate(rows) for at, cell in enumerate(row))
    )
    assert reading_text(page).splitlines() == [" ".join(row) for row in rows]


def test_words_of_small_type_stand_apart() -> None:
    page = page_of(b"BT /F1 5 Tf 72 700 Td [(small) -300 (type) -300 (is) -300 (tight)] TJ ET")
    assert page.text == "smalltypeistight"
    assert reading_text(page) == "small type is tight"


def test_letters_that_are_set_apart_are_one_word() -> None:
    page = page_of(b"BT /F1 12 Tf 3 Tc 72 700 Td (CHAPTER) Tj ET")
    assert reading_text(page) == "CHAPTER"


@pytest.mark.parametrize("shift", ["0.3 0", "0.2 0.2", "0 0"])
def test_text_that_is_drawn_twice_is_there_once(shift: str) -> None:
    page = page_of(b"BT /F1 12 Tf 72 700 Td (Bold text) Tj %s Td (Bold text) Tj ET" % shift.encode())
    assert reading_text(page) == "Bold text"


def test_doubled_letters_stay() -> None:
    assert reading_text(page_of(line("Mississippi will tell", 72, 700))) == "Mississippi will tell"


@pytest.mark.parametrize("matrix", ["0 1 -1 0 500 100", "0 -1 1 0 500 600", "-1 0 0 -1 500 600"])
def test_turned_text_is_kept_whole_and_comes_after_the_rest(matrix: str) -> None:
    turned = b"q %s cm BT /F1 9 Tf (turned by some quarters) Tj ET Q" % matrix.encode()
    page = page_of(turned + line("This is what the page is about, mostly", 72, 700))
    assert reading_text(page).splitlines() == ["This is what the page is about, mostly", "turned by some quarters"]


def test_raised_text_stays_on_its_line() -> None:
    raised = b"BT /F1 10 Tf 72 700 Td (claimed) Tj /F1 6 Tf 4 Ts (12) Tj 0 Ts /F1 10 Tf ( by many) Tj ET "
    assert reading_text(page_of(raised + line("below", 72, 688))) == "claimed12 by many\nbelow"


def test_an_initial_begins_the_first_of_the_lines_beside_it() -> None:
    initial = line("O", 72, 676, size=33)
    page = page_of(
        initial + column(["nce upon a time", "there was a king", "who had a castle"], 99) + line("and a moat", 72, 664)
    )
    assert reading_text(page).splitlines() == ["Once upon a time", "there was a king", "who had a castle", "and a moat"]


def test_hyphens_at_the_ends_of_lines_stay() -> None:
    assert reading_text(page_of(column(["an impor-", "tant thing"], 72))) == "an impor-\ntant thing"


def test_a_page_from_before_there_were_spans_is_read_from_its_words() -> None:
    page = replace(page_of(column(LEFT, 72) + column(RIGHT, 310)), packed_spans=None)
    assert reading_text(page).splitlines() == LEFT + RIGHT


def test_a_page_with_nothing_on_it_is_empty() -> None:
    assert reading_text(page_of(b"")) == ""


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real PDFs is not beside this checkout")
@pytest.mark.parametrize(
    ("name", "passages"),
    [
        (
            "text/two_column.pdf",
            [
                "Although the benefits of mentorship for protégés, mentors and their\norganizations are",
                "1Department of Chemical",
            ],
        ),
        ("scripts/jo.pdf", ["序\nわたくしといふ現象は\n假定された有機交流電燈の\nひとつの青い照明です"]),
        ("tables/schools.pdf", ["Abrams Marjorie 238 8th St east"]),
    ],
)
def test_real_pages_read_as_people_read_them(name: str, passages: list[str]) -> None:
    text = reading_text(pages_of((CORPUS / name).read_bytes(), at_most=1)[0])
    assert [passage for passage in passages if passage not in text] == []


@pytest.mark.parametrize("count", [4000, 20_000])
def test_a_page_of_single_letters_takes_no_longer_than_people_wait(count: int) -> None:
    page = page_of(b"".join(line("x", 9 + n % 97 * 6, 9 + n % 389 * 2 + n / 1e4, size=1 + n % 5) for n in range(count)))
    began = process_time()
    assert reading_text(page).count("x") >= count / 2
    assert process_time() - began < 5

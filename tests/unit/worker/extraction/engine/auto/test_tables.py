"""What `tables=auto` takes for a table, and what it does not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.worker.extraction.engine.auto.drawing import Sheet
from worker.extraction.engine.auto.tables import Found, find_tables

XS = (50, 200, 260, 320)
ROWS = [
    ["Fruit", "2023", "2024", "2025"],
    ["Apples", "1.5", "2.5", "3.5"],
    ["Pears", "10.5", "20", "30"],
    ["Plums", "7", "-", "9"],
]
PROSE = "This is a line of plain running text"


def only(sheet: Sheet) -> Found:
    [table] = find_tables(sheet.marks)
    return table


def test_aligned_words_without_any_rule_are_a_table() -> None:
    sheet = Sheet()
    sheet.rows(XS, 100, ROWS)
    table = only(sheet)
    assert (table.rows, table.strategy) == (ROWS, "aligned")
    assert table.bbox == (50, 100, 340, 152)
    assert 0 < table.confidence < 1


def test_rules_across_hold_a_table_together() -> None:
    sheet = Sheet()
    sheet.rows(XS, 100, ROWS)
    for y in (97, 112, 155):
        sheet.across(y, 50, 340)
    table = only(sheet)
    assert (table.rows, table.strategy) == (ROWS, "partly_ruled")


def test_a_grid_without_borders_at_its_sides_keeps_its_outer_columns() -> None:
    sheet = Sheet()
    sheet.rows((50, 200), 100, [row[:2] for row in ROWS])
    for at in range(5):
        sheet.across(98 + 14 * at, 45, 260)
    sheet.down(190, 98, 154)
    table = only(sheet)
    assert (table.rows, table.strategy) == ([row[:2] for row in ROWS], "ruled")


def test_a_text_over_several_columns_goes_on_in_them() -> None:
    sheet = Sheet()
    sheet.say(205, 84, "Thousands of tons sold")
    sheet.across(96, 200, 340)
    sheet.rows(XS, 100, ROWS)
    sheet.across(112, 50, 340)
    assert only(sheet).rows[0] == ["Fruit", "Thousands of tons sold", None, None]
    assert only(sheet).rows[1] == [None, "2023", "2024", "2025"]


def test_a_cell_that_is_shaded_line_by_line_is_one_cell() -> None:
    sheet = Sheet()
    sheet.rows(
        (50, 150), 100, [["Fruit of", "Sold in"], ["the trees", "tons"], ["Apples", "1.5"], ["Pears", "2"]], pitch=12
    )
    for y in (98, 124, 136, 148):
        sheet.across(y, 45, 245)
    for x in (45, 145, 245):
        sheet.down(x, 98, 148)
    for x in (47, 147):
        sheet.box(x, 99.5, x + 96, 111)
        sheet.box(x, 111, x + 96, 122.5)
    assert only(sheet).rows == [["Fruit of\nthe trees", "Sold in\ntons"], ["Apples", "1.5"], ["Pears", "2"]]


def test_shaded_rows_are_rows_where_nothing_else_parts_them() -> None:
    sheet = Sheet()
    rows = [["Fruit", "A word"], ["Apples", "about it"], ["Pears", "and these"]]
    sheet.rows((50, 150), 100, rows, pitch=12)
    for at in range(3):
        sheet.box(45, 99 + 12 * at, 145, 111 + 12 * at)
        sheet.box(145, 99 + 12 * at, 245, 111 + 12 * at)
    assert only(sheet).rows == rows


def test_headings_between_rows_part_no_table() -> None:
    sheet = Sheet()
    top = sheet.rows(XS, 100, ROWS)
    sheet.say(50, top + 12, "Vegetables")
    sheet.rows(XS, top + 30, [["Leeks", "4", "5", "6"], ["Beans", "40", "50", "60"], ["Onions", "7", "8", "9"]])
    rows = only(sheet).rows
    assert [row[0] for row in rows] == ["Fruit", "Apples", "Pears", "Plums", "Vegetables", "Leeks", "Beans", "Onions"]
    assert rows[4] == ["Vegetables", "", "", ""]


def test_a_label_that_goes_on_in_the_next_line_is_one_cell() -> None:
    sheet = Sheet()
    top = sheet.rows(XS, 100, ROWS)
    sheet.rows(XS, top, [["All that is", "", "", ""], ["not fruit", "4", "5", "6"]])
    assert only(sheet).rows[-1] == ["All that is\nnot fruit", "4", "5", "6"]


def test_the_rest_of_a_long_text_belongs_to_its_row() -> None:
    sheet = Sheet()
    rows = [
        ["1/2", "Trip", "12.00"],
        ["2/2", "A much longer", "13.50"],
        ["", "text than that", ""],
        ["3/2", "X", "1.00"],
    ]
    sheet.rows((50, 150, 300), 100, rows)
    assert only(sheet).rows[1:] == [["2/2", "A much longer\ntext than that", "13.50"], ["3/2", "X", "1.00"]]


def test_a_caption_is_no_part_of_its_table() -> None:
    sheet = Sheet()
    sheet.say(50, 84, "Table 3. What was sold in three years")
    sheet.rows(XS, 100, ROWS)
    assert only(sheet).rows == ROWS


def test_dots_that_lead_to_numbers_are_no_text() -> None:
    sheet = Sheet()
    sheet.rows((50, 200), 100, [["Apples . . . . . . . .", "1.5"], ["Pears ................", "2"], ["All", "30.5"]])
    assert only(sheet).rows == [["Apples", "1.5"], ["Pears", "2"], ["All", "30.5"]]


def test_columns_of_text_are_no_table() -> None:
    sheet = Sheet()
    sheet.rows((50, 250, 450), 100, [[PROSE] * 3] * 20, pitch=12)
    assert find_tables(sheet.marks) == []


def test_a_table_beside_a_column_of_text_is_found_without_it() -> None:
    sheet = Sheet()
    sheet.rows((50,), 100, [[PROSE]] * 20, pitch=12)
    sheet.rows((300, 400), 148, [row[:2] for row in ROWS])
    assert only(sheet).rows == [row[:2] for row in ROWS]


def test_a_table_of_contents_is_none() -> None:
    sheet = Sheet()
    sheet.rows((50, 400), 100, [[f"A chapter about things {n}", str(n * 3)] for n in range(1, 9)], pitch=16)
    assert find_tables(sheet.marks) == []


def test_a_list_is_no_table() -> None:
    sheet = Sheet()
    sheet.rows((50, 80), 100, [[f"{n}.", "What is to be done"] for n in range(1, 9)], pitch=16)
    assert find_tables(sheet.marks) == []


def test_a_chart_is_no_table() -> None:
    sheet = Sheet()
    sheet.across(300, 50, 350)
    sheet.down(50, 100, 300)
    for at in range(8):
        x, top = 60 + 30 * at, 280 - 20 * at
        sheet.across(top, x, x + 20)
        sheet.down(x, top, 300)
        sheet.down(x + 20, top, 300)
        sheet.say(x, top - 12, str(at))
    assert find_tables(sheet.marks) == []


def test_an_empty_page_has_no_table() -> None:
    sheet = Sheet()
    assert find_tables(sheet.marks) == []
    sheet.rows(XS, 100, [["", "", "", ""]])
    assert find_tables(sheet.marks) == []


place = st.one_of(st.integers(0, 60).map(lambda at: at * 10.0), st.floats(-1e9, 1e9))
words = st.lists(
    st.tuples(place, place, st.sampled_from(["a", "1", "12.5", "Table 1", "a longer text here", "....", "$"]))
)
rules = st.lists(st.tuples(place, place, place))


@settings(max_examples=150, deadline=None)
@given(words, rules, rules)
def test_whatever_is_on_a_page_rows_are_equally_long(
    said: list[tuple[float, float, str]],
    across: list[tuple[float, float, float]],
    down: list[tuple[float, float, float]],
) -> None:
    sheet = Sheet()
    for x, top, text in said:
        sheet.say(x, top, text)
    for at, start, end in across:
        sheet.across(at, min(start, end), max(start, end))
    for at, start, end in down:
        sheet.down(at, min(start, end), max(start, end))
    for table in find_tables(sheet.marks):
        assert len({len(row) for row in table.rows}) == 1
        assert 0 <= table.confidence <= 1

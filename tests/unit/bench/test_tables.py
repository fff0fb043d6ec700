"""The measures of tables, on tables whose agreement is known."""

from pathlib import Path

import pytest

from bench.tables import truth
from bench.tables.__main__ import found_in
from bench.tables.grids import Cell, Grid
from bench.tables.measures import Agreement, Score, agree, likeness, relations

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"
ROWS = [["", "2024", "2025"], ["Apples", "1", "2"], ["Pears", "", "4"]]
TRUTH = """<document><table id='1'><region id='1' page='3' row-increment='0' col-increment='0'>
<cell start-row='0' start-col='0' end-col='1'><bounding-box x1='26ß'/><content>Head  line</content></cell>
<cell start-row='1' start-col='0'><content>a</content></cell>
<cell start-row='1' start-col='1'><content>B</content></cell>
</region></table></document>"""


def test_neighbours_are_related_over_blanks() -> None:
    found = relations(Grid.of_rows(ROWS))
    assert found[("pears", "4", False)] == 1
    assert found[("1", "4", True)] == 0
    assert found[("apples", "pears", True)] == 1
    assert found.total() == 8


def test_a_cell_over_two_columns_is_above_both(tmp_path: Path) -> None:
    (tmp_path / "x-str.xml").write_text(TRUTH)
    [grid] = truth.read(tmp_path / "x-str.xml")[3]
    assert grid.cells[0] == Cell(0, 0, 0, 1, "Head  line")
    assert set(relations(grid)) == {("headline", "a", True), ("headline", "b", True), ("a", "b", False)}
    assert relations(Grid.of_rows([["Head line", None], ["a", "B"]])) == relations(grid)


def test_what_is_found_right_scores_one() -> None:
    score = Score()
    assert score.add({1: [Grid.of_rows(ROWS)]}, {1: [Grid.of_rows(ROWS)]}).f1 == 1
    assert set(score.figures().values()) == {1}


def test_what_is_no_table_costs_precision() -> None:
    assert agree([], [Grid.of_rows(ROWS)]) == Agreement(both=0, found=8, true=0)
    score = Score()
    score.add({1: [Grid.of_rows(ROWS)]}, {1: [Grid.of_rows(ROWS)], 2: [Grid.of_rows(ROWS)]})
    assert score.figures()["micro P"] == 0.5
    assert score.figures()["count F1"] == pytest.approx(2 / 3)


def test_another_shape_is_less_alike() -> None:
    assert likeness(ROWS, ROWS) == 1
    assert likeness(ROWS, ROWS[:2]) == pytest.approx(2 * 6 / 15 * (1 - 1 / 12))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there is no corpus")
@pytest.mark.timeout(60)
def test_auto_finds_the_tables_of_the_corpus() -> None:
    score = Score()
    for path, true in truth.documents(CORPUS):
        score.add(true, found_in(path, "auto"))
    figures = score.figures()
    assert figures["adjacency F1"] > 0.95
    assert figures["micro F1"] > 0.95
    assert figures["count F1"] > 0.95

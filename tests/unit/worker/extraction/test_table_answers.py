"""What a child may say of tables: anything else would meet readers who trust it."""

import json
from typing import Any

import pytest

from shared.page_content import ReadPage
from worker.extraction.answers import page_from
from worker.extraction.frames import BadFrame, Frame

FACTS = {"number": 1, "width": 1, "height": 1, "text_layer": "full", "table_count": 1}
BOX = [0, 1.5, 2, None]
SPANS = b'{"corner": [0, 0], "fonts": [], "texts": [], "places": []}'
ROWS = [["a", None], ["", "b"]]


def answer(*tables: object, **more: object) -> Any:
    content = json.dumps({"text": "", "tables": tables, **more}).encode()
    return page_from(Frame(FACTS, (content, b"[]", SPANS)), 1)


@pytest.mark.parametrize(
    "table", [{"bbox": BOX, "rows": ROWS}, {"bbox": BOX, "rows": ROWS, "confidence": 0.5, "strategy": "aligned"}]
)
def test_a_table_is_taken(table: dict[str, Any]) -> None:
    assert isinstance(answer(table), ReadPage)


@pytest.mark.parametrize(
    "table",
    [
        "a table",
        {"bbox": BOX},
        {"bbox": [1, 2, 3], "rows": ROWS},
        {"bbox": [1, 2, 3, "4"], "rows": ROWS},
        {"bbox": BOX, "rows": "ab"},
        {"bbox": BOX, "rows": ["ab"]},
        {"bbox": BOX, "rows": [[1]]},
        {"bbox": BOX, "rows": ROWS, "confidence": 0.5},
        {"bbox": BOX, "rows": ROWS, "confidence": 1.5, "strategy": "aligned"},
        {"bbox": BOX, "rows": ROWS, "confidence": 0.5, "strategy": "guessed"},
        {"bbox": BOX, "rows": ROWS, "confidence": 0.5, "strategy": ["aligned"]},
        {"bbox": BOX, "rows": ROWS, "more": 1},
    ],
    ids=str,
)
def test_what_is_no_table_is_refused(table: object) -> None:
    with pytest.raises(BadFrame):
        answer(table)


def test_the_corner_of_the_picture_is_taken() -> None:
    assert isinstance(answer(corner=[-100, 0.5]), ReadPage)


@pytest.mark.parametrize("more", [{"corner": [1]}, {"corner": ["1", 2]}, {"corner": None}, {"margin": 1}], ids=str)
def test_what_is_no_corner_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(BadFrame):
        answer(**more)

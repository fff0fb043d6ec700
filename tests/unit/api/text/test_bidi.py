"""Right-to-left text is turned from the order on the page to the order of reading."""

import pytest

from api.documents.text.bidi import logical


@pytest.mark.parametrize(
    ("visual", "expected"),
    [
        ("left to right", "left to right"),
        ("םולש", "שלום"),
        ("!םלוע םולש", "שלום עולם!"),
        ("2024 תנש", "שנת 2024"),
        ("1,234.5 םולש", "שלום 1,234.5"),
        ("PDF ץבוק", "קובץ PDF"),
        ("the word םולש means peace", "the word שלום means peace"),
        ("(םולש)", "(שלום)"),
        ("", ""),
    ],
)
def test_a_line_is_read_in_its_order(visual: str, expected: str) -> None:
    assert logical(visual) == expected


def test_marks_stay_on_their_letters() -> None:
    assert logical("\u05dd\u05d5\u05dc\u05b8\u05e9") == "\u05e9\u05dc\u05b8\u05d5\u05dd"

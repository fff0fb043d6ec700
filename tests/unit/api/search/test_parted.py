"""The words that spans make, and where each of them stands."""

import pytest

from api.search.parted import words_of
from shared.spans import Font, Span, Spans

FONT = Font("Helvetica", 10, 2)
BOX = (100.0, 50.0, 200.0, 60.0)
TALL = (50.0, 100.0, 60.0, 200.0)


def words(text: str, box: tuple[float, float, float, float], turn: int) -> list[tuple[str, float, float]]:
    """Return each word with where it begins and ends along the longer side of its box."""
    found = words_of(Spans([Span(text, *box, FONT, turn)]))
    ends = ("x0", "x1") if box == BOX else ("top", "bottom")
    return [(word["text"], word[ends[0]], word[ends[1]]) for word in found]


@pytest.mark.parametrize(("turn", "box"), [(0, BOX), (3, TALL)])
def test_words_follow_each_other(turn: int, box: tuple[float, float, float, float]) -> None:
    (first, start, end), (second, later, last) = words("abba baab", box, turn)
    assert (first, start, second, last) == ("abba", 100, "baab", 200)
    assert 140 < end < later < 160


@pytest.mark.parametrize(("turn", "box"), [(1, TALL), (2, BOX)])
def test_turned_words_come_from_the_other_end(turn: int, box: tuple[float, float, float, float]) -> None:
    (_, start, end), (_, other_start, other_end) = words("abba baab", box, turn)
    assert (end, other_start) == (200, 100)
    assert other_end < start


def test_wide_letters_take_more_room() -> None:
    (_, _, end), _ = words("mmmm iiii", BOX, 0)
    assert end > 165


def test_blanks_alone_make_no_word() -> None:
    assert words("   ", BOX, 0) == []

"""Page selections: their normal form, what they select, and what is refused."""

import pytest

from shared.errors import InvalidField
from shared.page_ranges import expand, normalize


@pytest.mark.parametrize(
    ("given", "normal"),
    [("1-5,9", "1-5,9"), (" 9 , 1 - 5 ", "1-5,9"), ("3,2,1", "1-3"), ("1-4,2-9", "1-9"), ("7", "7"), ("5,5", "5")],
)
def test_equal_selections_have_one_normal_form(given: str, normal: str) -> None:
    assert normalize(given) == normal


@pytest.mark.parametrize(
    "given", ["", "0", "5-3", "a", "1-", "-3", "1,,2", "1.5", "99999999", "1;2", ",".join("1" * 300)]
)
def test_anything_else_is_refused_with_the_field(given: str) -> None:
    with pytest.raises(InvalidField) as refused:
        normalize(given)
    assert refused.value.pointer == "/pages"


def test_a_selection_is_cut_at_the_last_page() -> None:
    assert expand("2-9999999", 4) == [2, 3, 4]
    assert expand("9", 4) == []


def test_no_selection_means_all_pages() -> None:
    assert expand(None, 3) == [1, 2, 3]

"""The table of threats in docs/security.md: it is the one that the tests make, and nothing in it failed."""

import pytest

from tests.threats import THREATS, cell, is_defined, written

TESTS = [test for tests in THREATS.values() for test in tests]


@pytest.mark.parametrize("test", TESTS)
def test_every_test_that_is_named_is_there(test: str) -> None:
    assert is_defined(test)


def test_the_page_has_the_table_as_it_was_last_made() -> None:
    assert written() == [(cell(test), "holds") for test in TESTS], "run `python -m tests.threats`"

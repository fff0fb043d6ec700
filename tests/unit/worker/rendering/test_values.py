"""Values of foreign objects: texts decoded, dates understood or refused, trees that lead in circles."""

from typing import Any

import pytest

from worker.rendering.values import MAX_NODES, date_of, name_tree, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"\xfe\xff\x00\xdc", "Ü"),
        (b"\xff\xfe\xdc\x00", "Ü"),
        (b"\xef\xbb\xbf\xc3\x9c", "Ü"),
        (b"\xfe\xff\xd8\x00\x00a", "a"),
        (b"a\x00b", "ab"),
        (7, None),
        (None, None),
    ],
)
def test_strings_of_every_encoding_become_text(value: Any, text: str | None) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (b"D:20240229120000+01'30'", "2024-02-29T10:30:00+00:00"),
        (b"D:20240229120000-0130", "2024-02-29T13:30:00+00:00"),
        (b"D:20240229120000Z00'00'", "2024-02-29T12:00:00+00:00"),
        (b"20240229120000", "2024-02-29T12:00:00+00:00"),
        (b"D:2024", "2024-01-01T00:00:00+00:00"),
        (b"D:20240230", None),
        (b"D:20240229126000", None),
        (b"D:00000101", None),
        (b"D:00010101000000+12'00'", None),
        (b"D:20240229120000+99'99'", "2024-02-29T12:00:00+00:00"),
        (b"Thu Feb 29 2024", None),
        (b"", None),
    ],
)
def test_dates_are_understood_or_none(value: bytes, moment: str | None) -> None:
    found = date_of(value)
    assert (found and found.isoformat()) == moment


def test_a_name_tree_without_end_is_cut_off() -> None:
    kids: list[Any] = []
    root = {"Names": [b"a", 1], "Kids": kids}
    kids += [root, root]
    assert 0 < len(list(name_tree(root))) <= MAX_NODES

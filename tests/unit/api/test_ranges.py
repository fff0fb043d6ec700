"""Byte ranges of the original file (RFC 9110, section 14)."""

import pytest

from api.documents.original import parse_range


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-3", range(4)),
        ("bytes=2-", range(2, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-99", range(10)),
        ("bytes=5-99", range(5, 10)),
        ("bytes=10-", range(0)),
        ("bytes=-0", range(0)),
        ("bytes=3-1", None),
        ("bytes=0-1,4-5", None),
        ("lines=0-1", None),
        (None, None),
    ],
)
def test_one_range_of_ten_bytes(header: str | None, span: range | None) -> None:
    assert parse_range(header, 10) == span

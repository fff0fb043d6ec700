"""Where a request comes from, and what limits by address take as one."""

import pytest

from api.caller import Caller


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("unknown", "unknown"),
    ],
)
def test_a_subscriber_counts_as_one_whatever_its_addresses(address: str, network: str) -> None:
    assert Caller(address, None, "").network == network

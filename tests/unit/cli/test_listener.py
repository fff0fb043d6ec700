"""The socket of the API and the address that people see."""

import pytest

from cli.up.errors import PortTaken
from cli.up.listener import address_of, open_listener


def test_port_zero_takes_a_free_one() -> None:
    with open_listener("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener, "127.0.0.1") == f"http://127.0.0.1:{port}"


def test_a_wildcard_is_shown_as_loopback() -> None:
    with open_listener("127.0.0.1", 0) as listener:
        assert address_of(listener, "0.0.0.0").startswith("http://127.0.0.1:")  # noqa: S104 — only a name here.


def test_a_port_in_use_is_refused_in_a_sentence() -> None:
    with open_listener("127.0.0.1", 0) as first, pytest.raises(PortTaken, match="--port"):
        open_listener("127.0.0.1", first.getsockname()[1])

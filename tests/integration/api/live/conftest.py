"""Two people at one API that is served on a real socket."""

from collections.abc import Iterator

import pytest

from shared.settings import Settings
from tests.live import Person, serving


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    with serving(settings) as address:
        yield address


@pytest.fixture
def ada(address: str) -> Iterator[Person]:
    with Person(address, "ada") as ada:
        yield ada


@pytest.fixture
def bob(address: str) -> Iterator[Person]:
    with Person(address, "bob") as bob:
        yield bob

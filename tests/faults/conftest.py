"""What every fault test has: a stage that is sound, a load on it, and its line of the table."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial

import pytest

from tests.faults import rabbit
from tests.faults.load import Load
from tests.faults.stage import BROKER, Stage, stage
from tests.faults.table import PROPERTY, Line

MakeLoad = Callable[..., Load]
LoadOn = Callable[..., Load]


class Shared:
    """The stage that tests use one after another; one that a test left unsound is replaced."""

    def __init__(self) -> None:
        """Start nothing before somebody asks."""
        self._stack = ExitStack()
        self._stage: Stage | None = None

    def get(self) -> Stage:
        if self._stage is not None and not self._stage.becomes_sound():
            self.close()
        if self._stage is None:
            self._stage = self._stack.enter_context(stage())
            self._stage.open()
        return self._stage

    def close(self) -> None:
        self._stack.close()
        self._stack = ExitStack()
        self._stage = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fault runs are serial: they would be each other's faults."""
    for item in items:
        if item.get_closest_marker("faults") and "faults" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("faults"))
            if row := item.get_closest_marker("row"):
                item.user_properties.append((PROPERTY, asdict(Line(row=row.args[0], fault=row.args[1]))))


@pytest.fixture(scope="session")
def shared_stage() -> Iterator[Shared]:
    if BROKER == "amqp" and not rabbit.is_installed():
        pytest.skip("no rabbitmq-server on this machine")
    shared = Shared()
    yield shared
    shared.close()


@pytest.fixture
def on_stage(shared_stage: Shared) -> Iterator[Stage]:
    """Give the shared stage; whatever the links were made to do ends with the test."""
    found = shared_stage.get()
    yield found
    for link in (found.postgres_link, found.broker_link):
        link.clear()


@pytest.fixture
def load_on() -> Iterator[LoadOn]:
    """Give what makes loads on any stage; they are closed with the test."""
    with ExitStack() as stack:

        def make(stage: Stage, name: str, **given: int) -> Load:
            load = Load(stage, name, **given)
            stack.callback(load.close)
            return load

        yield make


@pytest.fixture
def make_load(on_stage: Stage, load_on: LoadOn) -> MakeLoad:
    return partial(load_on, on_stage)


@pytest.fixture
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """Give this test's line of the table, named by its marker `row(number, fault)`."""
    marker = request.node.get_closest_marker("row")
    assert marker is not None, "a fault test names its row"
    found = Line(row=marker.args[0], fault=marker.args[1])
    yield found
    request.node.user_properties[:] = [(PROPERTY, asdict(found))]


@pytest.fixture
def soak_minutes(request: pytest.FixtureRequest) -> float:
    return float(request.config.getoption("--soak"))

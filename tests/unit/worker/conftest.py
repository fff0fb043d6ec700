"""What the tests of the sandbox share: confined programs that probe it or misbehave, and extractions of given bytes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.worker.extraction.extracting import Extract
from worker.extraction.sandbox import Sandbox


@pytest.fixture(scope="session")
def probing() -> Iterator[Sandbox]:
    with Sandbox("tests.unit.worker.extraction.probes") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def misbehaving() -> Iterator[Sandbox]:
    with Sandbox("tests.unit.worker.extraction.misbehaviour") as sandbox:
        yield sandbox


@pytest.fixture
def extract(sandbox: Sandbox, tmp_path: Path) -> Extract:
    return Extract(sandbox, tmp_path)


@pytest.fixture
def misbehave(misbehaving: Sandbox, tmp_path: Path) -> Extract:
    return Extract(misbehaving, tmp_path)


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[Extract]:
    """A sandbox of its own in which two children may be parked."""
    with Sandbox(warm=2) as sandbox:
        yield Extract(sandbox, tmp_path)


@pytest.fixture
def warm_misbehave(tmp_path: Path) -> Iterator[Extract]:
    with Sandbox("tests.unit.worker.extraction.misbehaviour", warm=2) as sandbox:
        yield Extract(sandbox, tmp_path)


@pytest.fixture
def no_blob(tmp_path: Path) -> Callable[[], int]:
    return Extract.blob(tmp_path, b"%PDF-1.5\n")

"""The libraries that the engine was held equal to are those that are installed, file by file."""

import hashlib
from base64 import urlsafe_b64encode
from importlib.metadata import PackagePath, distribution

import pytest

from worker.extraction.engine import versions


@pytest.fixture(params=versions.SAME_AS)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_installed_versions_are_those_the_engine_equals() -> None:
    assert versions.difference() is None


def test_another_version_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(versions.SAME_AS, "pdfplumber", "0.1")
    assert (
        versions.difference()
        == f"the engine equals pdfplumber 0.1, and {distribution('pdfplumber').version} is installed"
    )


def test_every_file_is_as_it_was_published(library: str) -> None:
    changed = [str(file) for file in python_files(library) if file.hash and digest(file) != file.hash.value]
    assert not changed, f"{library} was changed after its installation: install it anew"


def test_the_published_files_are_the_pinned_ones(library: str) -> None:
    lines = sorted(f"{file}={file.hash.value}" for file in python_files(library) if file.hash)
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == versions.FILES[library]


def python_files(library: str) -> list[PackagePath]:
    """Return the library's own: what is installed as a script names the Python that runs it."""
    files = [file for file in distribution(library).files or [] if file.suffix == ".py" and file.parts[0] != ".."]
    assert len(files) > 10
    assert all(file.hash for file in files)
    return files


def digest(file: PackagePath) -> str:
    found = hashlib.sha256(file.read_binary()).digest()
    return urlsafe_b64encode(found).decode().rstrip("=")

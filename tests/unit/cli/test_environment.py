"""Which variable wins, and what a data directory's name is relative to."""

from pathlib import Path

import pytest

from cli.up.environment import number, read_environment
from cli.up.errors import UpError


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHEAF_DATA", "PORT", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    root, here = tmp_path / "checkout", tmp_path / "here"
    root.mkdir()
    here.mkdir()
    (root / ".env").write_text("PORT=1\nHOST=checkout\nSHEAF_DATA=mine\n")
    (here / ".env").write_text("PORT=2\nDATABASE_URL=\n")
    return root, here


def test_the_caller_wins_over_the_folder_and_the_folder_over_the_checkout(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, here = folders
    assert read_environment(here, root=root)["PORT"] == "2"
    monkeypatch.setenv("PORT", "3")
    assert read_environment(here, root=root)["PORT"] == "3"
    assert read_environment(root, root=root)["PORT"] == "3"


def test_an_empty_variable_counts_as_not_given(folders: tuple[Path, Path]) -> None:
    root, here = folders
    assert "DATABASE_URL" not in read_environment(here, root=root)


def test_the_data_directory_starts_from_the_place_that_names_it(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, here = folders
    assert read_environment(here, root=root)["SHEAF_DATA"] == str(root / "mine")
    monkeypatch.setenv("SHEAF_DATA", "other")
    assert read_environment(here, root=root)["SHEAF_DATA"] == str(here / "other")


def test_the_data_directory_is_in_the_checkout_by_default(tmp_path: Path) -> None:
    assert read_environment(tmp_path, root=tmp_path)["SHEAF_DATA"] == str(tmp_path / ".sheaf")


@pytest.mark.parametrize("given", ["", "x", "-1", "0"])
def test_a_setting_that_is_no_number_is_a_configuration_fault(given: str) -> None:
    with pytest.raises(UpError, match="WEB_CONCURRENCY") as refusal:
        number({"WEB_CONCURRENCY": given}, "WEB_CONCURRENCY", default=1, smallest=1)
    assert refusal.value.exit_code == 78

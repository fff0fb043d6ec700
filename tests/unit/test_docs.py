"""What the documents say is there: linked files, named paths and commands; and what their picture may load."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from cli.app import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LIVING = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]  # Decision records stay as they were when code moves on.
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
PATH = re.compile(r"`(?P<path>(?:api|bench|cli|docs|migrations|shared|tests|worker)/[\w./-]*)`")
COMMAND = re.compile(r"\./sheaf (?P<name>[a-z]+)")
ADDRESS = re.compile(r"\w+://[^\s\"'<)]+")
SVG_NAMESPACE = "http://www.w3.org/2000/svg"


def linked_files(document: Path) -> list[Path]:
    targets = [found["target"].partition("#")[0] for found in LINK.finditer(document.read_text())]
    return [document.parent / target for target in targets if target and "://" not in target]


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_a_file(document: Path) -> None:
    assert [str(file) for file in linked_files(document) if not file.exists()] == []


@pytest.mark.parametrize("document", LIVING, ids=name_of)
def test_every_path_that_is_named_exists(document: Path) -> None:
    named = {found["path"] for found in PATH.finditer(document.read_text())}
    assert named
    to_come = {"api/web/"}  # CONTRIBUTING says that it is not there yet.
    assert {path for path in named if not (ROOT / path).exists()} <= to_come


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_command_that_is_named_exists(document: Path) -> None:
    commands = getattr(get_command(app), "commands", {})
    assert {found["name"] for found in COMMAND.finditer(document.read_text())} <= set(commands)


@pytest.mark.parametrize("command", ["./sheaf demo", "./sheaf test"])
def test_the_readme_names_both_commands_before_anything_else(command: str) -> None:
    first_block = (ROOT / "README.md").read_text().split("```")[1]
    assert command in first_block


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = {file.name for file in linked_files(folder / "README.md")}
    assert listed == {file.name for file in folder.glob("0*.md")}


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    picture = (ROOT / "docs" / "demo.svg").read_text()
    strangers = [address for address in ADDRESS.findall(picture) if not address.startswith("http://127.0.0.1")]
    assert strangers == [SVG_NAMESPACE]
    assert "@" not in re.sub(r"<text[^>]*>.*?</text>", "", picture)

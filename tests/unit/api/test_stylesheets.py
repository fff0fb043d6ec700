"""The stylesheet: each screen's rules stay with that screen, though all files are joined into one."""

import re
from pathlib import Path

CSS = Path(__file__).parents[3] / "api" / "web" / "css"
SHARED = "base.css"
AT_THE_TOP = re.compile(r"^\.([\w-]+)[^{}\n]*\{", re.MULTILINE)  # Not nested in the rule of a screen.
ANYWHERE = re.compile(r"\.([a-z][\w-]*)(?=[^{}\n]*\{)")


def test_no_screen_gives_looks_to_what_stands_on_another() -> None:
    sheets = {file.name: file.read_text() for file in CSS.glob("*.css")}
    shared = set(ANYWHERE.findall(sheets.pop(SHARED)))
    for name, sheet in sheets.items():
        others = {found for other, text in sheets.items() if other != name for found in ANYWHERE.findall(text)}
        assert set(AT_THE_TOP.findall(sheet)) & others - shared == set(), name

"""A table as GitHub's Markdown has it, its first row the header."""

import re

from api.documents.tables.joining import Rows

SPECIAL = re.compile(r"[\\|`*_<>\[\]]")


def as_markdown(rows: Rows) -> bytes:
    """Return UTF-8; line breaks in cells become `<br>`, and nothing in a cell counts as markup."""
    width = max(map(len, rows), default=0)
    lines = [_line([*map(_cell, row), *[""] * (width - len(row))]) for row in rows]
    rule = _line(["---"] * width)
    return "".join(f"{line}\n" for line in [*lines[:1], rule, *lines[1:]]).encode("utf-8", "replace")


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str | None) -> str:
    return "<br>".join(SPECIAL.sub(r"\\\g<0>", part.strip()) for part in (text or "").splitlines())

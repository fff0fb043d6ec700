"""A table as CSV (RFC 4180) that no spreadsheet takes for formulas.

A cell that a spreadsheet would calculate gets an apostrophe before it, which marks text; negative numbers and dashes
are no formulas and stay as they are.
"""

import csv
import io
import re

from api.documents.tables.joining import Rows

BOM = "\ufeff"
FORMULA = re.compile(r"[\t\r]|\s*[=+@\-\uff1d\uff0b\uff20\uff0d]")
HARMLESS = re.compile(r"-+|-\s?[$€£]?\s?\d[\d.,\s]*%?")


def as_csv(rows: Rows, *, bom: bool) -> bytes:
    """Return UTF-8; with `bom` it says so to spreadsheets that would guess otherwise."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[safe(text or "") for text in row] for row in rows])
    return ((BOM if bom else "") + out.getvalue()).encode("utf-8", "replace")


def safe(text: str) -> str:
    """Return the text so that a spreadsheet shows it instead of calculating it."""
    is_formula = FORMULA.match(text) and not HARMLESS.fullmatch(text)
    return f"'{text}" if is_formula else text

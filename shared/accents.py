"""Accents that a PDF draws over letters as characters of their own, as old fonts have them."""

import unicodedata
from typing import Final

MARKS: Final = {
    "\u00b4": "\u0301", "\u0060": "\u0300", "\u00a8": "\u0308", "\u02c6": "\u0302", "\u02dc": "\u0303",
    "\u00af": "\u0304", "\u02d8": "\u0306", "\u02d9": "\u0307", "\u02da": "\u030a", "\u00b8": "\u0327",
    "\u02dd": "\u030b", "\u02c7": "\u030c", "\u02db": "\u0328",
}  # fmt: skip
"""Accents that stand alone, and those that combine with the letter before."""
UNDOTTED: Final = {"\u0131": "i", "\u0237": "j"}


def accented(first: str, second: str) -> str:
    """Join a letter and an accent, whichever begins further left; one of the two is among `MARKS`."""
    letter, mark = (first, second) if second in MARKS else (second, first)
    return unicodedata.normalize("NFC", UNDOTTED.get(letter, letter) + MARKS[mark])

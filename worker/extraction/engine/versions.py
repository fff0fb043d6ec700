"""The versions whose results the engine gives: with any other of these libraries pdfplumber itself reads the pages."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

SAME_AS: Final = {"pdfplumber": "0.11.10", "pdfminer.six": "20260107"}
FILES: Final = {
    "pdfplumber": "d3df56ebb22e208a480b6c534a46c9e91e298c6677a7e830b1d3d52e3e098478",
    "pdfminer.six": "cac57aa32b7276cb70a61246eefeec31ab79a860176b7c7c5ef0b01f68f334f5",
}
"""The SHA-256 over the lines that RECORD has for a library's Python files, sorted: what the tests hold it to."""


def difference() -> str | None:
    """Say which library has another version than the engine was held equal to, if one has."""
    for name, expected in SAME_AS.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "none"
        if found != expected:
            return f"the engine equals {name} {expected}, and {found} is installed"
    return None

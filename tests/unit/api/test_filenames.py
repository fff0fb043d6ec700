"""Names of uploaded files are for display only, and harmless."""

import pytest

from api.documents.upload import clean_filename


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\a\\x.pdf", "x.pdf"),
        ("a\x00b\r\nc.pdf", "abc.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("e\u0301.pdf", "\u00e9.pdf"),
        ("", "document.pdf"),
        ("...", "document.pdf"),
        ("\udcff.pdf", "pdf"),
    ],
)
def test_a_name_is_cleaned(given: str, shown: str) -> None:
    assert clean_filename(given) == shown


def test_a_name_is_cut_at_200_characters() -> None:
    assert len(clean_filename("x" * 5000 + ".pdf")) == 200

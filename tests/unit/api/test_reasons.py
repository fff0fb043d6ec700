"""The page's reasons: each code with which something can fail has its words there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CODE = re.compile(r"""(?:^    code = |\bFailure\(\s*)"(?P<code>[a-z_]+)\"""", re.MULTILINE)
KEY = re.compile(r"^  (?P<code>[a-z_]+): \[", re.MULTILINE)


def codes_of_the_code() -> set[str]:
    sources = [path.read_text() for root in ("api", "shared", "worker") for path in (ROOT / root).rglob("*.py")]
    return {found["code"] for source in sources for found in CODE.finditer(source)}


def test_every_failure_has_a_sentence_on_the_page() -> None:
    explained = {found["code"] for found in KEY.finditer((ROOT / "api/web/js/reasons.js").read_text())}
    named = codes_of_the_code()
    assert {"password_wrong", "page_timeout", "file_too_large"} <= named
    assert named - explained == set()

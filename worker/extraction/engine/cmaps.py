"""ToUnicode CMaps that are written as they usually are, read in one go (pdfminer's cmapdb.py, `CMapParser`).

Only the blocks `bfchar` and `bfrange` say anything; the rest must be the usual frame, because what else stands there
may change what pdfminer makes of it. Whatever is written otherwise is left to pdfminer.
"""

import re
from typing import Final

from worker.extraction.engine.tokens import from_hex

MAX_RANGE = 0x10000
MAX_CODE_BYTES = 4
NAME = rb"/[^\#/%\[\]()<>{}\s]+"
CODE = rb"<[0-9a-fA-F\s]*>"
VALUE = rb"(?:" + NAME + rb"|-?\d{1,9}(?:\.\d+)?(?=[/\s>])|\([^()\\]*\))"
FRAME: Final = re.compile(
    rb"""(?xs) (?:
      \s++
    | %%[^\r\n]*+
    | %(name)s\s* (?: %(value)s | <<\s*(?:%(name)s\s*%(value)s\s*(?:def\s*)?)*>> ) \s* def\b
    | /CIDInit\s*/ProcSet\s+findresource\s+begin\b
    | \d+\s+dict\s+begin\b
    | begincmap\b
    | \d+\s+begincodespacerange\s*(?:%(code)s\s*)*+endcodespacerange\b
    | \d+\s+begin(?P<kind>bfchar|bfrange)\s*(?P<body>(?:[\[\]\s]|%(code)s)*+)end(?P=kind)\b
    | (?P<end> endcmap\b )
    )"""
    % {b"name": NAME, b"value": VALUE, b"code": CODE}
)
AFTERWARDS: Final = re.compile(rb"(?s)(?:(?!begincmap)[\w\s/.%\x00-])*")
PAIR: Final = re.compile(rb"\s*<([^>]*)>\s*<([^>]*)>")
TRIPLE: Final = re.compile(rb"\s*<([^>]*)>\s*<([^>]*)>\s*(?:<([^>]*)>|\[((?:\s*<[^>]*>)*)\s*\])")
TARGET: Final = re.compile(rb"<([^>]*)>")


class NotUsual(Exception):
    """The CMap is written in another way."""


def read_to_unicode(data: bytes) -> dict[int, str]:
    """Return the text of each character code; raises NotUsual."""
    texts: dict[int, str] = {}
    position = 0
    while position < len(data):
        found = FRAME.match(data, position)
        if found is None:
            raise NotUsual
        if found.group("end"):
            if not AFTERWARDS.fullmatch(data, found.end()):
                raise NotUsual
            break
        if body := found.group("body"):
            (_read_chars if found.group("kind") == b"bfchar" else _read_ranges)(body, texts)
        position = found.end()
    return texts


def _read_chars(body: bytes, texts: dict[int, str]) -> None:
    position = 0
    while found := PAIR.match(body, position):
        code, target = found.groups()
        _add(texts, _number(from_hex(code)), from_hex(target))
        position = found.end()
    if body[position:].strip():
        raise NotUsual


def _read_ranges(body: bytes, texts: dict[int, str]) -> None:
    position = 0
    while found := TRIPLE.match(body, position):
        first, last, target, targets = found.groups()
        start, end = from_hex(first), from_hex(last)
        if len(start) == len(end):  # pdfminer skips the others.
            codes = range(_number(start), _number(end) + 1)
            if targets is None:
                _add_range(texts, codes, from_hex(target))
            else:
                for code, text in zip(codes, TARGET.findall(targets), strict=False):
                    _add(texts, code, from_hex(text))
        position = found.end()
    if body[position:].strip():
        raise NotUsual


def _add_range(texts: dict[int, str], codes: range, target: bytes) -> None:
    """Count up the last bytes of the target, at most four, which stay as many."""
    prefix, last = target[:-MAX_CODE_BYTES], target[-MAX_CODE_BYTES:]
    base, size = int.from_bytes(last), len(last)
    if not size or len(codes) > MAX_RANGE or base + len(codes) > 1 << 32:
        raise NotUsual
    for offset, code in enumerate(codes):
        _add(texts, code, prefix + ((base + offset) % (1 << 8 * size)).to_bytes(size))


def _number(code: bytes) -> int:
    if len(code) > MAX_CODE_BYTES:
        raise NotUsual
    return int.from_bytes(code)


def _add(texts: dict[int, str], code: int, target: bytes) -> None:
    """Keep the text; a blank that is there already is not overwritten by one that does not break."""
    text = target.decode("utf-16-be", "ignore")
    if text != "\u00a0" or texts.get(code) != " ":
        texts[code] = text

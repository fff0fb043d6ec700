"""PDF objects that are written as the standard says, parsed in one go.

pdfminer's parser walks through every byte of a file by states (psparser.py); most objects are plain enough for one
regular expression a token. Whatever is not, comments among it, is left to pdfminer by returning nothing.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from pdfminer.psparser import LIT, PSLiteral, literal_name

from worker.extraction.engine.tokens import decoded, from_hex, unescaped

DELIMITER = rb"(?=[/%\[\]()<>{}\s])"
TOKEN: Final = re.compile(
    rb"""(?xs) [\s]*+ (?:
      / (?P<name> (?: [^\#/%%\[\]()<>{}\s] | \#[0-9a-fA-F]{2} )*+ ) %(end)s
    | (?P<id> \d{1,10} ) \s+ \d{1,5} \s+ R %(end)s
    | (?P<int> [-+]?\d{1,40} ) %(end)s
    | (?P<real> [-+]?(?: \d{1,40}\.\d*+ | \.\d++ ) ) %(end)s
    | \( (?P<text> [^()\\]*+(?:\\.[^()\\]*+)*+ ) \)
    | < (?P<hex> [0-9a-fA-F\s]*+ ) > (?!>)
    | (?P<open> << | \[ )
    | (?P<close> >> | \] )
    | (?P<word> true | false | null ) %(end)s
    )"""
    % {b"end": DELIMITER}
)
NAME, ID, INT, REAL, TEXT, HEX, OPEN, CLOSE, WORD = TOKEN.groupindex.values()
NAME_CODE: Final = re.compile(rb"#(..)")
OPENS: Final = {b">>": b"<<", b"]": b"["}


class NotPlain(Exception):
    """The object is not written as plainly as this parser needs it, or ends beyond the data."""


def parse_object(
    data: bytes, position: int, *, refer: Callable[[int], Any], null: object, is_nested: bool = True
) -> tuple[Any, int]:
    """Return the object at a position of the data and the position behind it; raises NotPlain.

    `refer` makes a reference of an object's number; `null` stands for null, and a dictionary drops it if it is None.
    A reference is only an object within others unless `is_nested`.
    """
    into: list[Any] = []
    outer: list[tuple[bytes, list[Any]]] = []
    kind_open, next_token = b"", TOKEN.match
    while match := next_token(data, position):
        position, kind = match.end(), match.lastindex
        if kind == NAME:
            name = match.group(NAME)
            into.append(LIT(decoded(NAME_CODE.sub(_meant, name) if b"#" in name else name)))
        elif kind == INT:
            into.append(int(match.group(INT)))
        elif kind == ID:
            into.append(refer(int(match.group(ID))))
        elif kind == OPEN:
            outer.append((kind_open, into))
            kind_open, into = match.group(OPEN), []
            continue
        elif kind == CLOSE:
            closed = _closed(kind_open, match.group(CLOSE), into)
            kind_open, into = outer.pop()
            into.append(closed)
        else:
            into.append(_scalar(match, kind, null))
        if not outer:
            if kind == ID and not is_nested:
                break
            return into[0], position
    raise NotPlain


def _meant(code: re.Match[bytes]) -> bytes:
    return bytes((int(code.group(1), 16),))


def _closed(opening: bytes, closing: bytes, items: list[Any]) -> list[Any] | dict[str, Any]:
    if OPENS[closing] != opening:
        raise NotPlain
    if opening == b"[":
        return items
    keys = items[::2]
    if len(items) % 2 or not all(isinstance(key, PSLiteral) for key in keys):
        raise NotPlain
    return {literal_name(key): value for key, value in zip(keys, items[1::2], strict=True) if value is not None}


def _scalar(match: re.Match[bytes], kind: int | None, null: object) -> Any:
    if kind == REAL:
        return float(match.group(REAL))
    if kind == HEX:
        return from_hex(match.group(HEX))
    if kind == WORD:
        word = match.group(WORD)
        return null if word == b"null" else word == b"true"
    text = match.group(TEXT)
    if b"\\\r\n" in text:
        raise NotPlain
    return unescaped(text) if b"\\" in text else text

"""Values of PDF objects made safe: references followed, texts decoded and cut, dates understood, trees walked once."""

import re
from codecs import BOM_UTF8, BOM_UTF16_LE
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from pdfminer.pdftypes import PDFObjRef, resolve1
from pdfminer.psparser import PSLiteral
from pdfminer.utils import decode_text

from shared.document_bounds import MAX_TEXT
from shared.page_content import storable

MAX_NODES = 100_000  # Of one tree; a bigger one is cut off.
# ISO 32000-1, 7.9.4; writers leave out the prefix, the last apostrophe, or everything after any field.
DATE = re.compile(
    r"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d))?)?)?)?)?"
    r"\s*(?:(Z)(?:00'?00'?)?|([+-])(\d\d)'?(?:(\d\d)'?)?)?"
)


def text_of(value: Any) -> str | None:
    """Return a string or name as text without what Postgres refuses; None for anything else."""
    value = resolve1(value)
    if isinstance(value, PSLiteral):
        value = value.name
    if isinstance(value, bytes):
        value = _decoded(value)
    return storable(value)[:MAX_TEXT] if isinstance(value, str) else None


def date_of(value: Any) -> datetime | None:
    """Return the moment, in UTC where the date names no zone; None for what is no date."""
    said = text_of(value)
    match = DATE.fullmatch(said.strip()) if said else None
    if match is None:
        return None
    year, month, day, hour, minute, second, _, sign, hours, minutes = match.groups()
    try:
        zone = timezone((-1 if sign == "-" else 1) * timedelta(hours=int(hours), minutes=int(minutes or 0)))
    except (TypeError, ValueError):  # No zone was given, or one that does not exist.
        zone = UTC
    try:
        given = datetime(int(year), int(month or 1), int(day or 1), tzinfo=zone)
        given = given.replace(hour=int(hour or 0), minute=int(minute or 0), second=int(second or 0))
        return given.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def dict_of(value: Any) -> dict[str, Any]:
    """Return a dictionary, or a stream's own; an empty one for anything else."""
    value = resolve1(value)
    value = getattr(value, "attrs", value)
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    value = resolve1(value)
    return value if isinstance(value, list) else []


class Visited:
    """The objects of one tree that were seen; a tree that leads back to itself is cut there."""

    def __init__(self) -> None:
        """Nothing is seen yet."""
        self._seen: set[int] = set()
        self._count = 0

    def is_new(self, value: Any) -> bool:
        """Say whether to go on with this object, and remember it."""
        self._count += 1
        if self._count > MAX_NODES:
            return False
        if not isinstance(value, PDFObjRef):
            return True
        is_new = value.objid not in self._seen
        self._seen.add(value.objid)
        return is_new


def name_tree(root: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names of a name tree (ISO 32000-1, 7.9.6) and their values, without recursion."""
    visited, waiting = Visited(), [root]
    while waiting:
        node = waiting.pop()
        if not visited.is_new(node):
            continue
        entries = dict_of(node)
        names = list_of(entries.get("Names"))
        for name, value in zip(names[::2], names[1::2], strict=False):
            yield text_of(name) or "", value
        waiting += reversed(list_of(entries.get("Kids")))


def _decoded(said: bytes) -> str:
    """Decode a text string; PDF 2.0 allows UTF-8, and some writers use UTF-16 the wrong way round."""
    if said.startswith(BOM_UTF8):
        return said[len(BOM_UTF8) :].decode("utf-8", "replace")
    if said.startswith(BOM_UTF16_LE):
        return said[len(BOM_UTF16_LE) :].decode("utf-16-le", "replace")
    return str(decode_text(said))

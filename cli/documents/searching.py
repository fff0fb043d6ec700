"""`sheaf search`: the pages on which words stand."""

import sys
from itertools import islice
from typing import Any
from uuid import UUID

from cli.client.server import Server
from cli.client.terminal import harmless, note, record

BOLD, PLAIN = "\x1b[1m", "\x1b[0m"


def search(server: Server, words: str, *, document_id: UUID | None, limit: int, as_json: bool) -> int:
    """Print a page a line, best first."""
    only = {"document_id": str(document_id)} if document_id else {}
    hits = list(islice(server.walk("/search", q=words, limit=min(limit, 100), **only), limit))
    for hit in hits:
        record(hit) if as_json else print(_line(hit, marks=sys.stdout.isatty()))
    if not hits:
        note("nothing was found.")
    return 0


def _line(hit: dict[str, Any], *, marks: bool) -> str:
    snippet = "".join(_part(part, marks=marks) for part in hit["snippet"])
    return f"{hit['document_id']}  {harmless(hit['filename'])} p.{hit['page']}: {snippet}"


def _part(part: dict[str, Any], *, marks: bool) -> str:
    text = " ".join(harmless(part["text"]).splitlines())
    return f"{BOLD}{text}{PLAIN}" if part["hit"] and marks else text

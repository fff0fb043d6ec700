"""`sheaf text` and `sheaf tables`: what was found in a document, on standard output or in a file."""

import shutil
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.client.errors import WrongUse
from cli.client.server import Server
from cli.client.terminal import harmless, line, note, record, write
from cli.documents.saving import fetch

TABLE_FORMS = ("csv", "xlsx", "md", "json")
BINARY = "xlsx"


def show_text(server: Server, document_id: UUID, *, form: str, pages: str | None, as_json: bool) -> int:
    asked = {"format": form, **({"pages": pages} if pages else {})}
    with server.stream(f"/documents/{document_id}/text", **asked) as response:
        if as_json:
            text = "".join(response.iter_text())
            record({"document_id": str(document_id), "format": form, "complete": _is_complete(response), "text": text})
        else:
            write(response.iter_text())
            if sys.stdout.isatty():
                line()
        _tell_incomplete(response)
    return 0


def show_tables(
    server: Server, document_id: UUID, *, number: int | None, to: str | None, file: Path | None, as_json: bool
) -> int:
    """Print the tables, or write one of them in a form; without a number the only one, or all where a file can."""
    if to is None and file is not None:
        to = file.suffix.lstrip(".").lower()
    if to is not None and to not in TABLE_FORMS:
        raise WrongUse(f"--to: takes {', '.join(TABLE_FORMS)}, not {to!r}.")
    if to is None:
        return _print_tables(server, document_id, number=number, as_json=as_json)
    path = f"/documents/{document_id}/{_asked(server, document_id, number, to)}"
    if file is not None:
        fetch(server, path, file)
        return 0
    if to == BINARY and sys.stdout.isatty():
        raise WrongUse("A workbook is nothing for a terminal; give -o FILE.")
    return _print_file(server, path)


def _asked(server: Server, document_id: UUID, number: int | None, to: str) -> str:
    if number is None and to == BINARY:
        return "tables.xlsx"
    return f"tables/{number or _only_number(server, document_id)}.{to}"


def _only_number(server: Server, document_id: UUID) -> int:
    count = len(server.json("GET", f"/documents/{document_id}/tables")["data"])
    if count != 1:
        raise WrongUse(f"The document has {count} tables: say which with --table, or take all with --to xlsx.")
    return 1


def _print_file(server: Server, path: str) -> int:
    with server.stream(path) as response:
        shutil.copyfileobj(_Readable(response), sys.stdout.buffer)
        sys.stdout.buffer.flush()
        _tell_incomplete(response)
    return 0


class _Readable:
    """An answer as something to copy from."""

    def __init__(self, response: httpx.Response) -> None:
        self._pieces = response.iter_bytes()

    def read(self, _size: int = -1) -> bytes:
        return next(self._pieces, b"")


def _print_tables(server: Server, document_id: UUID, *, number: int | None, as_json: bool) -> int:
    answer = server.request("GET", f"/documents/{document_id}/tables")
    tables = [table for table in answer.json()["data"] if number in (None, table["number"])]
    if not tables and number is not None:
        raise WrongUse(f"The document has no table {number}.")
    for table in tables:
        record(table) if as_json else _draw(table)
    if not tables:
        note("no tables were found; `sheaf upload --tables auto` also finds those without rules.")
    _tell_incomplete(answer)
    return 0


def _draw(table: dict[str, Any]) -> None:
    header, *rows = table["rows"] or [[]]
    drawn = Table(title=f"table {table['number']}, page {table['page']}", title_justify="left")
    for cell in header:
        drawn.add_column(Text(harmless(cell or "")))
    for cells in rows:
        drawn.add_row(*(Text(harmless(cell or "")) for cell in cells))
    Console(highlight=False).print(drawn)


def _is_complete(response: httpx.Response) -> bool:
    return str(response.headers.get("X-Sheaf-Complete")) != "false"


def _tell_incomplete(response: httpx.Response) -> None:
    if not _is_complete(response):
        note("the document is still being read; this is what is there so far.")

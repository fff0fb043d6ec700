"""Tables as an Excel workbook, one sheet each: every cell is text, so nothing is ever calculated or reformatted."""

import io
from collections.abc import Sequence
from datetime import datetime

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from api.documents.tables.joining import Table

MAX_CELL_CHARS = 32767  # Excel's limits.
MAX_ROWS, MAX_COLUMNS = 1048576, 16384
EVERYWHERE = "A1:XFD1048576"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_workbook(tables: Sequence[Table], *, created: datetime) -> bytes:
    """Return an .xlsx file; it is the same whenever it is made, for its only time is `created`."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        book.set_properties({"created": created.replace(tzinfo=None)})
        for table in tables:
            _fill(book.add_worksheet(f"Table {table.number}, page {table.parts[0].page}"), table)
        if not tables:
            book.add_worksheet("No tables")
    return out.getvalue()


def _fill(sheet: Worksheet, table: Table) -> None:
    sheet.ignore_errors({"number_stored_as_text": EVERYWHERE})
    for at, row in enumerate(table.rows[:MAX_ROWS]):
        for column, text in enumerate(row[:MAX_COLUMNS]):
            if text:
                sheet.write_string(at, column, text.encode("utf-8", "replace").decode()[:MAX_CELL_CHARS])

"""One page as the engine reads it: its content executed, its words and tables found."""

from typing import Any

from pdfplumber.page import Page

from worker.extraction.engine.auto.tables import tables_found
from worker.extraction.engine.canvas import Canvas
from worker.extraction.engine.content import PageContent, text_layer_of
from worker.extraction.engine.interpreter import Fonts, Interpreter
from worker.extraction.engine.marks import Marks
from worker.extraction.engine.placing import corner_of
from worker.extraction.engine.spans import spans_of
from worker.extraction.engine.tables import Contents, bbox_of, find_tables
from worker.extraction.engine.words import text_of, words_of


def read_fast(page: Page, fonts: Fonts, *, auto_tables: bool = False) -> PageContent:
    """Read the page; raises Unsupported, or whatever pdfminer raises for what is broken.

    With `auto_tables` tables are found by `auto/tables.py`.
    """
    marks = draw(page, fonts)
    words = words_of(marks.chars)
    return PageContent(
        width=page.width,
        height=page.height,
        rotation=page.rotation,
        text=text_of(words),
        words=[
            {"text": text, "x0": x0, "top": top, "x1": x1, "bottom": bottom} for text, x0, top, x1, bottom, *_ in words
        ],
        tables=tables_found(marks) if auto_tables else _tables(marks),
        text_layer=text_layer_of(marks.visible(), marks.pictures, page.bbox),
        spans=spans_of(marks.chars),
        corner=corner_of(page),
    )


def draw(page: Page, fonts: Fonts) -> Marks:
    """Return the marks that the page's content leaves."""
    left, top = page.mediabox[:2]
    canvas = Canvas(height=page.height, left=left, top=top)
    Interpreter(page.pdf.rsrcmgr, canvas, fonts).read_page(page.page_obj)
    return canvas.finish()


def _tables(marks: Marks) -> list[dict[str, Any]]:
    found = find_tables(marks)
    contents = Contents(marks.runs()) if found else None
    return [{"bbox": bbox_of(cells), "rows": contents.rows_of(cells)} for cells in found] if contents else []

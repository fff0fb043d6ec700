"""One page as pdfplumber itself reads it: for what the engine does not do, and to check what it does."""

from collections.abc import Mapping
from typing import Any

from pdfplumber.page import Page
from pdfplumber.table import TableSettings

from worker.extraction.engine.auto.tables import tables_found
from worker.extraction.engine.content import PageContent, text_layer_of
from worker.extraction.engine.placing import corner_of
from worker.extraction.engine.plain_marks import marks_of, pieces_of
from worker.extraction.engine.spans import spans_of

PageSettings = Mapping[str, Any]
NO_SETTINGS: PageSettings = {}
WORD_SETTINGS = ("x_tolerance", "y_tolerance")
WORD_FIELDS = ("text", "x0", "top", "x1", "bottom")


def read_plain(page: Page, *, because: str, settings: PageSettings = NO_SETTINGS) -> PageContent:
    """Read the page; its characters are parsed once for everything. Raises whatever pdfplumber raises.

    `settings` has those of `extract_text` as `text_settings` and those of `find_tables` as `table_settings`, as far as
    they differ from pdfplumber's; `tables` may be `auto`.
    """
    for_text = settings.get("text_settings", {})
    for_words = {name: value for name, value in for_text.items() if name in WORD_SETTINGS}
    visible = [char["text"] for char in page.chars if char["text"].strip()]
    pictures = [(picture["x0"], picture["top"], picture["x1"], picture["bottom"]) for picture in page.images]
    return PageContent(
        width=page.width,
        height=page.height,
        rotation=page.rotation,
        text=page.extract_text(**for_text),
        words=[{field: word[field] for field in WORD_FIELDS} for word in page.extract_words(**for_words)],
        tables=tables_found(marks_of(page)) if is_auto(settings) else _tables(page, settings.get("table_settings", {})),
        text_layer=text_layer_of(visible, pictures, page.bbox),
        spans=spans_of(pieces_of(page.chars)),
        corner=corner_of(page),
        plain_because=because,
    )


def is_auto(settings: PageSettings) -> bool:
    """Say whether tables are to be found by `auto/tables.py` instead of as pdfplumber does."""
    return settings.get("tables") == "auto"


def _tables(page: Page, changed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Find the tables once for both their boxes and their rows, with the settings `extract_tables` starts from."""
    settings = TableSettings.resolve(dict(changed))
    return [
        {"bbox": table.bbox, "rows": table.extract(**(settings.text_settings or {}))}
        for table in page.find_tables(settings)
    ]

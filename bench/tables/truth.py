"""Tables as people marked them: the `*-str.xml` files of the ICDAR 2013 table competition.

A table has a region on each page that it covers, and a region has cells: where they start and end, and what they say.
What a cell does not say about its end is its start. A region is one grid here, for pages are read one by one.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.tables.grids import Cell, Grid

SUFFIX = "-str.xml"


def documents(folder: Path) -> Iterator[tuple[Path, dict[int, list[Grid]]]]:
    """Yield each PDF below the folder that has a truth there, with its grids by page number."""
    pdfs = {path.stem: path for path in sorted(folder.rglob("*.pdf"))}
    for truth in sorted(folder.rglob(f"*{SUFFIX}")):
        if pdf := pdfs.get(truth.name.removesuffix(SUFFIX)):
            yield pdf, read(truth)


def read(path: Path) -> dict[int, list[Grid]]:
    """Return the grids of a truth by page, in the order in which the file has them."""
    pages: dict[int, list[Grid]] = {}
    for region in ET.parse(path).getroot().iter("region"):  # noqa: S314 — Files of a bench, chosen by who runs it.
        pages.setdefault(int(region.attrib["page"]), []).append(Grid([_cell(found) for found in region.iter("cell")]))
    return pages


def _cell(found: ET.Element) -> Cell:
    row, column = int(found.attrib["start-row"]), int(found.attrib["start-col"])
    return Cell(
        row,
        column,
        int(found.get("end-row", row)),
        int(found.get("end-col", column)),
        found.findtext("content") or "",
    )

"""A document as Markdown: headings, paragraphs, lists, code and tables, in the order in which they are read."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from api.documents.text.blocks import Block, blocks_of, continued
from api.documents.text.fragments import Fragment, layers
from api.documents.text.lines import Line, lines_of
from api.documents.text.pipes import Grid, grids_of, pipes
from api.documents.text.regions import regions_of
from api.documents.text.results import PageResults, Pages
from api.documents.text.survey import Survey, margin_lines, survey
from shared.spans import Font

MEANT: Final = re.compile(r"^(?=[#>+=|~]|-\s)|(?<!\\)(?=<[A-Za-z/!?])")
FENCE = "```"
PLACE = "\ufffc"  # Stands for a table among the fragments.


def markdown(pages: Pages) -> Iterator[str]:
    """Yield page after page; goes through them twice, the first time for what they have in common."""
    found = survey(pages())
    for page in pages():
        yield f"<!-- page {page.number} -->\n\n" + "".join(f"{part}\n\n" for part in parts_of(page, found))


def parts_of(page: PageResults, found: Survey) -> Iterator[str]:
    """Yield the blocks and tables of one page as Markdown; turned text comes last, without what is on every page."""
    if not page.is_legible:
        yield from map(_escaped, page.text.splitlines())
        return
    upright, *others = layers(page.spans.spans) or [[]]
    running = _held(line for line in margin_lines(upright, page) if found.is_running(line, page))
    yield from _parts([fragment for fragment in upright if fragment not in running] or upright, page, found)
    for turned in others:
        stamps = _held(line for line in lines_of(turned) if found.is_stamp(line))
        for region in regions_of([fragment for fragment in turned if fragment not in stamps], found.body_size):
            yield from map(_written, blocks_of(lines_of(region), found))


def _held(lines: Iterable[Line]) -> set[Fragment]:
    return {fragment for line in lines for fragment in line.fragments}


def _parts(fragments: Sequence[Fragment], page: PageResults, found: Survey) -> Iterator[str]:
    """Yield blocks, and each table where it stands among them."""
    grids = grids_of(page.tables)
    within: dict[int, list[Fragment]] = {}
    free: list[Fragment] = []
    for fragment in fragments:
        number = next((number for number, grid in enumerate(grids) if grid.holds(fragment)), None)
        (free if number is None else within.setdefault(number, [])).append(fragment)
    tables = {_place(grids[number], held, found.body_size): number for number, held in within.items()}
    blocks: list[Block] = []
    for region in regions_of([*free, *tables], found.body_size):
        start = 0
        for at, fragment in enumerate(region):
            if fragment in tables:
                blocks += blocks_of(lines_of(region[start:at]), found)
                yield from map(_written, continued(blocks))
                yield pipes(grids[tables[fragment]], within[tables[fragment]])
                blocks, start = [], at + 1
        blocks += blocks_of(lines_of(region[start:]), found)
    yield from map(_written, continued(blocks))


def _place(grid: Grid, held: Sequence[Fragment], size: float) -> Fragment:
    """Return what stands for a table while the order of reading is found."""
    order = min(fragment.order for fragment in held)
    return Fragment(PLACE, grid.x0, grid.top, grid.x1, grid.bottom, grid.bottom, Font("", size, 0.0), order)


def _written(block: Block) -> str:
    match block.kind:
        case "heading":
            return f"{'#' * block.level} {_escaped(block.text)}"
        case "code":
            fence = max([FENCE, *(run + "`" for run in re.findall("`{3,}", block.text))], key=len)
            return f"{fence}\n{block.text}\n{fence}"
        case "item":
            return block.text[:2] + _escaped(block.text[2:]) if block.text.startswith("- ") else _escaped(block.text)
        case _:
            return _escaped(block.text)


def _escaped(text: str) -> str:
    """Put a backslash before what Markdown would take for its own."""
    return MEANT.sub(r"\\", text)

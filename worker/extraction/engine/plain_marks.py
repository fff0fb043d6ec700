"""A page's marks from what pdfplumber itself made of it: for pages that the engine leaves to pdfplumber."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pdfplumber.page import Page
from pdfplumber.utils import obj_to_edges
from pdfplumber.utils.text import LIGATURES

from worker.extraction.engine.marks import Edges, Marks, Run, Scatter, Style, turn_of

MIN_LENGTH = 1  # pdfplumber's edge_min_length_prefilter.
Char = Mapping[str, Any]


def marks_of(page: Page) -> Marks:
    """Return the marks; raises whatever pdfplumber raises. The page's characters are parsed only once."""
    return Marks(
        chars=pieces_of(page.chars),
        lines=_edges(page.lines),
        rects=_edges(page.rects),
        curves=_edges(page.curves),
        pictures=[(picture["x0"], picture["top"], picture["x1"], picture["bottom"]) for picture in page.images],
    )


def _edges(shapes: Sequence[Mapping[str, Any]]) -> Edges:
    edges = Edges()
    for edge in (edge for shape in shapes for edge in obj_to_edges(shape)):
        is_vertical = edge["orientation"] == "v"
        length = edge["height" if is_vertical else "width"]
        if length >= MIN_LENGTH:
            side = edges.vertical if is_vertical else edges.horizontal
            side.append((edge["x0"], edge["top"], edge["x1"], edge["bottom"], length))
    return edges


def pieces_of(chars: Sequence[Char]) -> list[Run | Scatter]:
    """Return characters as marks have them; alike ones that follow one another are one piece."""
    pieces: list[Run | Scatter] = []
    last: object = None
    known: dict[Style, Style] = {}
    for char in chars:
        style = _style(char)
        style = known.setdefault(style, style)
        if _is_flat(char):
            place = (char["upright"], char["top"], char["bottom"])
            if place != last:
                pieces.append(Run(*place))
                last = place
            _extend_run(pieces[-1], char, style)
        else:
            place = (char["upright"], style, tuple(char["matrix"][:4]))
            if place != last:
                pieces.append(_scatter(char, style))
                last = place
            _extend_scatter(pieces[-1], char)
    return pieces


def _extend_run(run: Run | Scatter, char: Char, style: Style) -> None:
    if isinstance(run, Run):
        if not run.styles or run.styles[-1][1] != style:
            run.styles.append((len(run.texts), style))
        _add(run, char)


def _extend_scatter(scatter: Run | Scatter, char: Char) -> None:
    if isinstance(scatter, Scatter):
        scatter.tops.append(char["top"])
        scatter.bottoms.append(char["bottom"])
        _add(scatter, char)


def _add(piece: Run | Scatter, char: Char) -> None:
    text = char["text"]
    piece.x0s.append(char["x0"])
    piece.x1s.append(char["x1"])
    piece.texts.append(None if text.isspace() else LIGATURES.get(text, text))


def _scatter(char: Char, style: Style) -> Scatter:
    across = char["matrix"][2:4]
    turn = turn_of(char["matrix"][:2])
    lean = abs(across[turn % 2]) / (math.hypot(*across) or 1) * style.size
    return Scatter(char["upright"], style=style, turn=turn, lean=lean)


def _is_flat(char: Char) -> bool:
    a, b, c, _ = char["matrix"][:4]
    return bool(a > 0 and b == 0 and c == 0)


def _style(char: Char) -> Style:
    """Say the style; how large slanting type is follows from its box, of which its advance takes a part."""
    a, b, c, d = char["matrix"][:4]
    if _is_flat(char):
        return Style(str(char["fontname"]), char["size"], round(char["matrix"][5] - char["y0"], 3))
    if abs(d) >= abs(c):
        extent, side = char["height"] - abs(b * char["adv"]), abs(d)
    else:
        extent, side = char["width"] - abs(a * char["adv"]), abs(c)
    return Style(str(char["fontname"]), round(math.hypot(c, d) * extent / (side or 1), 3), 0.0)

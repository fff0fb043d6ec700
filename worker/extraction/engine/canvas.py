"""Where a page's content is drawn: turns texts, paths and pictures into marks with pdfplumber's coordinates.

Paths become lines, rectangles and curves as in pdfminer (converter.py, `paint_path`), and these become edges as in
pdfplumber (geometry.py); positions are computed as in pdfplumber's page.py, `process_object`.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from pdfminer.utils import MATRIX_IDENTITY, Matrix

from worker.extraction.engine import Unsupported
from worker.extraction.engine.marks import Box, Marks, Run, Scatter, Style

MIN_LENGTH = 1  # pdfplumber's edge_min_length_prefilter.
FAR = 2e9  # pdfminer's bounding boxes end at 2 ** 31 - 1 (utils.py, `get_bound`).
SUBPATH: Final = re.compile(r"m[^m]+")
RECTANGLE = "mlllh"
Point = tuple[float, float]
Path = Sequence[Any]  # Points, and None for an `h`; the first is a point.


class Canvas:
    """One page; `matrix` is the transformation in force, which whoever draws keeps up to date.

    `height` is the page's; `left` and `top` are its media box's, in points.
    """

    def __init__(self, *, height: float, left: float, top: float) -> None:
        """Begin with nothing on it."""
        self.marks = Marks()
        self.matrix: Matrix = MATRIX_IDENTITY
        self.height, self.left, self.top = height, left, top
        self._run: Run | None = None

    def run(self, style: Style, *, upright: bool, low: float, high: float) -> Run:
        """Return the run that text of this extent belongs to: the last one, if it is on the same line.

        Its x0s and x1s do not have the media box's left in them yet; `finish` adds it.
        """
        top, bottom = (self.height - high) + self.top, (self.height - low) + self.top
        run = self._run
        if run is None or run.top != top or run.bottom != bottom or run.upright != upright:
            run = self._run = Run(upright, top, bottom)
            self.marks.chars.append(run)
            run.styles.append((0, style))
        elif run.styles[-1][1] is not style and run.styles[-1][1] != style:
            run.styles.append((len(run.texts), style))
        return run

    def scatter(self, style: Style, *, upright: bool, turn: int, lean: float) -> Scatter:
        """Return a new scatter; like a run's, its x0s and x1s are finished later."""
        self._run = None
        scatter = Scatter(upright, style=style, turn=turn, lean=lean)
        self.marks.chars.append(scatter)
        return scatter

    def finish(self) -> Marks:
        """Return what was drawn."""
        marks = self.marks
        marks.chars = [piece for piece in marks.chars if piece.texts]
        if self.left != 0:
            for piece in marks.chars:
                piece.x0s = [x0 + self.left for x0 in piece.x0s]
                piece.x1s = [x1 + self.left for x1 in piece.x1s]
        return marks

    def picture(self, extent: Box) -> None:
        """Take a picture's x0, y0, x1, y1 in pdfminer's coordinates."""
        x0, top, x1, bottom, _, _ = self._extent(extent[:2], extent[2:])
        self.marks.pictures.append((x0, top, x1, bottom))

    def paint(self, shape: str, points: Path) -> None:
        """Take a path: a letter for each operator and where it leads to; `h`, which leads to the start, has no point.

        What does not begin with `m` is no path.
        """
        if shape == RECTANGLE or (shape[0] == "m" and shape.count("m") == 1):
            self._subpath(shape, points)
        elif shape[0] == "m":
            for found in SUBPATH.finditer(shape):
                self._subpath(found.group(), points[found.start() : found.end()])

    def _subpath(self, shape: str, points: Path) -> None:
        a, b, c, d, e, f = self.matrix
        corners = [(a * x + c * y + e, b * x + d * y + f) for x, y in [point or points[0] for point in points]]
        if shape[-2:] == "lh" and len(shape) > len("mlh") and corners[-2] == corners[0]:
            shape = shape[:-2] + "h"
            corners.pop()
        if shape in {"ml", "mlh"}:
            self._line(corners[0], corners[1])
        elif shape in {RECTANGLE, "mllll"} and _is_rectangle(corners):
            self._rectangle(corners[0], corners[2])
        else:
            self._curve(corners)

    def _line(self, start: Point, end: Point) -> None:
        """A line that is not level counts as vertical, even when it slants."""
        x0, top, x1, bottom, width, height = self._extent(start, end)
        if top == bottom:
            if width >= MIN_LENGTH:
                self.marks.lines.horizontal.append((x0, top, x1, bottom, width))
        elif height >= MIN_LENGTH:
            self.marks.lines.vertical.append((x0, top, x1, bottom, height))

    def _rectangle(self, corner: Point, opposite: Point) -> None:
        x0, top, x1, bottom, width, height = self._extent(corner, opposite)
        if width >= MIN_LENGTH:
            self.marks.rects.horizontal += ((x0, top, x1, top, width), (x0, top + height, x1, bottom, width))
        if height >= MIN_LENGTH:
            self.marks.rects.vertical += ((x0, top, x0, bottom, height), (x1, top, x1, bottom, height))

    def _curve(self, corners: Sequence[Point]) -> None:
        """Keep the parts between two points that run along an axis; a Bézier curve counts as the line to its end."""
        left, base = self.left, self.top + self.height
        last: Point | None = None
        for x, y in corners:
            if not (-FAR < x < FAR and -FAR < y < FAR):
                raise Unsupported("a path far outside")
            point = (left + x, base - y)
            if last is not None and (last[0] == point[0] or last[1] == point[1]):
                self._side(last, point)
            last = point

    def _side(self, start: Point, end: Point) -> None:
        x0, x1 = min(start[0], end[0]), max(start[0], end[0])
        top, bottom = min(start[1], end[1]), max(start[1], end[1])
        width, height = abs(start[0] - end[0]), abs(start[1] - end[1])
        if start[0] == end[0]:
            if height >= MIN_LENGTH:
                self.marks.curves.vertical.append((x0, top, x1, bottom, height))
        elif width >= MIN_LENGTH:
            self.marks.curves.horizontal.append((x0, top, x1, bottom, width))

    def _extent(self, start: Point, end: Point) -> tuple[float, float, float, float, float, float]:
        """Return x0, top, x1, bottom on the page, and the width and height that pdfminer computes before."""
        x0, x1 = min(start[0], end[0]), max(start[0], end[0])
        y0, y1 = min(start[1], end[1]), max(start[1], end[1])
        if not (x0 > -FAR and x1 < FAR and y0 > -FAR and y1 < FAR):
            raise Unsupported("a path far outside")
        width, height = x1 - x0, y1 - y0
        if self.left != 0:
            x0, x1 = x0 + self.left, x1 + self.left
        return x0, (self.height - y1) + self.top, x1, (self.height - y0) + self.top, width, height


def _is_rectangle(corners: Sequence[Point]) -> bool:
    """Say whether five points come back to the start along the axes."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3), end = corners
    along = (x0 == x1 and y1 == y2 and x2 == x3 and y3 == y0) or (y0 == y1 and x1 == x2 and y2 == y3 and x3 == x0)
    return along and corners[0] == end

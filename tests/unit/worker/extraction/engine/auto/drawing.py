"""Marks put on a page by hand: words at places, and rules."""

from collections.abc import Iterable, Sequence

from worker.extraction.engine.marks import Marks, Run

SIZE = 10.0
WIDTH, BLANK = 5.0, 2.5  # Of every character, and of a blank.


class Sheet:
    """A page to draw on; places are points from its top left corner."""

    def __init__(self) -> None:
        """Nothing is on it yet."""
        self.marks = Marks()

    def say(self, x: float, top: float, text: str) -> None:
        """Put a line of text down."""
        run = Run(True, top, top + SIZE)
        for char in text:
            width = BLANK if char == " " else WIDTH
            run.x0s.append(x)
            run.x1s.append(x + width)
            run.texts.append(None if char == " " else char)
            x += width
        self.marks.chars.append(run)

    def rows(self, xs: Sequence[float], top: float, rows: Iterable[Sequence[str]], *, pitch: float = 14) -> float:
        """Put rows of texts down, each beginning at its column's x; returns where the next row would be."""
        for row in rows:
            for x, text in zip(xs, row, strict=True):
                if text:
                    self.say(x, top, text)
            top += pitch
        return top

    def across(self, y: float, x0: float, x1: float) -> None:
        self.marks.lines.horizontal.append((x0, y, x1, y, x1 - x0))

    def box(self, x0: float, top: float, x1: float, bottom: float) -> None:
        """Fill a rectangle."""
        self.marks.rects.horizontal += [(x0, top, x1, top, x1 - x0), (x0, bottom, x1, bottom, x1 - x0)]
        self.marks.rects.vertical += [(x0, top, x0, bottom, bottom - top), (x1, top, x1, bottom, bottom - top)]

    def down(self, x: float, top: float, bottom: float) -> None:
        self.marks.lines.vertical.append((x, top, x, bottom, bottom - top))

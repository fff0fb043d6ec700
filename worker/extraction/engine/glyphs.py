"""What each character code of a font looks like: its text, and the box and advance it has at a size and a slant.

pdfminer works these out anew for each character (converter.py `render_char`, layout.py `LTChar`); here once for each
code of a font in each state that text can be shown in.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pdfminer.pdffont import PDFFont, PDFUnicodeNotDefined
from pdfplumber.utils.text import LIGATURES

from worker.extraction.engine import Unsupported
from worker.extraction.engine.marks import Style

FAR = 1e9  # Beyond this, and for what is no number, pdfplumber decides.
MAX_STATES = 500  # A page that zooms by itself must not fill the memory.
Linear = tuple[float, float, float, float]  # The part of a matrix that is not a shift: a, b, c, d.
FlatGlyph = tuple[str | None, float, float]  # Its text, its advance in text space, its width on the page.
LooseGlyph = tuple[str | None, float, float, float, float, float]  # Text, advance, and x0, x1, y0, y1 from its origin.


class Font:
    """A font of pdfminer's with what was worked out of it."""

    def __init__(self, font: PDFFont) -> None:
        """Ask the font what does not depend on a character."""
        self.font = font
        self._name = str(getattr(font, "fontname", ""))
        self._styles: dict[Style, Style] = {}
        self.is_vertical: bool = font.is_vertical()
        self.is_multibyte: bool = font.is_multibyte()
        self.descent: float = font.get_descent()
        self.decode: Callable[[bytes], Iterable[int]] = font.decode
        if type(font).decode is PDFFont.decode:
            self.decode = bytes  # A code is a byte: what is shown needs no decoding.
        self._glyphs: dict[int, tuple[str | None, float]] = {}
        self._flat: dict[Any, FlatGlyphs] = {}
        self._loose: dict[Any, LooseGlyphs] = {}

    def glyph(self, code: int) -> tuple[str | None, float]:
        """Return the text (None if blank) and the width of a code; raises what pdfminer raises for it."""
        if (known := self._glyphs.get(code)) is not None:
            return known
        try:
            text = self.font.to_unichr(code)
        except PDFUnicodeNotDefined:
            text = f"(cid:{code})"
        if not isinstance(text, str):
            raise Unsupported("a character without a text")
        width = self.font.char_width(code)
        glyph = self._glyphs[code] = (None if text.isspace() else LIGATURES.get(text, text), width)
        return glyph

    def style(self, size: float, depth: float) -> Style:
        """Return the one style of this size and depth, so that styles can be compared by identity."""
        style = Style(self._name, size, depth)
        if len(self._styles) >= MAX_STATES:
            self._styles.clear()
        return self._styles.setdefault(style, style)

    def flat(self, size: float, scaling: float, stretch: float) -> "FlatGlyphs":
        """Return the glyphs of upright horizontal text; `stretch` is the matrix's a."""
        key = (size, scaling, stretch)
        if (found := self._flat.get(key)) is None:
            _make_room(self._flat)
            found = self._flat[key] = FlatGlyphs(self, size, scaling, stretch)
        return found

    def loose(self, size: float, scaling: float, rise: float, linear: Linear) -> "LooseGlyphs":
        """Return the glyphs of text in any direction."""
        key = (size, scaling, rise, linear)
        if (found := self._loose.get(key)) is None:
            _make_room(self._loose)
            found = self._loose[key] = LooseGlyphs(self, size, scaling, rise=rise, linear=linear)
        return found


def _make_room(states: dict[Any, Any]) -> None:
    if len(states) >= MAX_STATES:
        states.clear()


class FlatGlyphs(dict[int, FlatGlyph]):
    """Glyphs whose top and bottom are the line's and whose left is their origin."""

    def __init__(self, font: Font, size: float, scaling: float, stretch: float) -> None:
        """`scaling` is the horizontal one as a factor."""
        self._font, self._size, self._scaling, self._stretch = font, size, scaling, stretch

    def __missing__(self, code: int) -> FlatGlyph:
        text, width = self._font.glyph(code)
        advance = width * self._size * self._scaling
        extent = self._stretch * advance
        if not 0 <= extent < FAR:
            raise Unsupported("a character of negative or huge width")
        glyph = self[code] = (text, advance, extent)
        return glyph


class LooseGlyphs(dict[int, LooseGlyph]):
    """Glyphs with the box that their corners have after rotation or skew, as `LTChar` computes it."""

    def __init__(self, font: Font, size: float, scaling: float, *, rise: float, linear: Linear) -> None:
        """`scaling` is the horizontal one as a factor."""
        self._font, self._size, self._scaling, self._rise, self._linear = font, size, scaling, rise, linear

    def __missing__(self, code: int) -> LooseGlyph:
        text, width = self._font.glyph(code)
        advance = width * self._size * self._scaling
        a, b, c, d = self._linear
        left, low, right, high = self._corners(code, advance)
        xs = (a * left + c * low, a * right + c * low, a * right + c * high, a * left + c * high)
        ys = (b * left + d * low, b * right + d * low, b * right + d * high, b * left + d * high)
        if not all(-FAR < value < FAR for value in xs + ys):
            raise Unsupported("a huge character")
        glyph = self[code] = (text, advance, min(xs), max(xs), min(ys), max(ys))
        return glyph

    def _corners(self, code: int, advance: float) -> tuple[float, float, float, float]:
        font, size, rise = self._font, self._size, self._rise
        if font.is_vertical:
            shift_x, shift_y = font.font.char_disp(code)
            shift_x = size * 0.5 if shift_x is None else shift_x * size * 0.001
            shift_y = (1000 - shift_y) * size * 0.001
            return -shift_x, shift_y + rise + advance, -shift_x + size, shift_y + rise
        descent = font.descent * size
        return 0, descent + rise, advance, descent + rise + size

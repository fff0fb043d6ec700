"""Executes a page's content streams as pdfminer does (pdfinterp.py, pdfdevice.py) and leaves `Marks` behind.

Each operator has a method that does what `PDFPageInterpreter` does for it, as far as it shows in pdfplumber's text,
words and tables. pdfminer itself prepares the resources: fonts, XObjects and colour spaces.

One oddity needs a word: pdfminer keeps a transformation in the interpreter and another in the device, and after a form
the device keeps the form's until the next `cm` or `Q`. Text, paths and pictures use the device's, forms inherit the
interpreter's.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple

from pdfminer.casting import safe_float, safe_matrix
from pdfminer.pdfcolor import PDFColorSpace
from pdfminer.pdffont import PDFFont
from pdfminer.pdfinterp import LITERAL_FORM, LITERAL_IMAGE, PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import PDFStream, dict_value, list_value, stream_value
from pdfminer.psparser import literal_name
from pdfminer.utils import MATRIX_IDENTITY, Matrix, apply_matrix_rect, mult_matrix
from pdfplumber.utils import resolve_all

from worker.extraction.engine import Unsupported
from worker.extraction.engine.canvas import Canvas, Point
from worker.extraction.engine.glyphs import FlatGlyphs, Font, Linear, LooseGlyphs
from worker.extraction.engine.marks import Style, turn_of
from worker.extraction.engine.placing import matrix_of
from worker.extraction.engine.tokens import PATH_PARTS, ContentTokens, path_parts

FAR = 1e9
HUGE = 1e30
MAX_KEYWORDS = 1000
MAX_SETTINGS = 1000
UNIT_SQUARE = (0, 0, 1, 1)
PICTURE_FACTS = (
    ("W", "Width"),
    ("H", "Height"),
    ("IM", "ImageMask"),
    ("BPC", "BitsPerComponent"),
    ("CS", "ColorSpace"),
)
Fonts = dict[PDFFont, Font]


class Operator(NamedTuple):
    """A method and how many operands it takes from the end of the list; with fewer there it is not called."""

    act: Callable[..., None]
    operands: int


@dataclass(slots=True)
class Setting:
    """What showing text depends on beside where it stands, worked out of the text state and the transformation.

    `linear` is the whole matrix without its shift; `low` and `high` are a line's extent above its origin if it is flat.
    `turn` and `lean` are a scatter's.
    """

    font: Font
    glyphs: FlatGlyphs | LooseGlyphs
    linear: Linear
    upright: bool
    spacing: float
    word_spacing: float
    kerning: float
    low: float
    high: float
    style: Style
    turn: int
    lean: float


class Interpreter(PDFPageInterpreter):  # type: ignore[misc]  # pdfminer is untyped to mypy here.
    """Executes content streams on a canvas; `fonts` is filled and may be shared by all pages of a document."""

    def __init__(self, resource_manager: PDFResourceManager, canvas: Canvas, fonts: Fonts) -> None:
        """Not the parent's: there is no device."""
        self.rsrcmgr = resource_manager
        self.canvas = canvas
        self.fonts = fonts
        self.stream_ids: set[int] = set()
        self.parent_stream_ids: set[int] = set()

    def dup(self) -> "Interpreter":
        """Return one for a form; the parent's `subinterp` calls this."""
        return Interpreter(self.rsrcmgr, self.canvas, self.fonts)

    def read_page(self, page: PDFPage) -> None:
        """Execute the page's streams; raises Unsupported, and whatever pdfminer raises."""
        matrix = matrix_of(page)
        apply_matrix_rect(matrix, page.mediabox)  # Raises what pdfminer would.
        self.render_contents(page.resources, page.contents, ctm=matrix)

    def init_state(self, ctm: Matrix) -> None:
        """Begin with pdfminer's initial state; the parent's `render_contents` calls this."""
        self._transform(ctm)
        self._saved: list[tuple[Any, ...]] = []
        self._text_matrix: Matrix = MATRIX_IDENTITY
        self._x = self._y = 0.0
        self._font: PDFFont | None = None
        self._size = self._spacing = self._word_spacing = self._leading = self._rise = 0.0
        self._scaling = 100.0
        self._fill = self._stroke = self.csmap["DeviceGray"]
        self._shape: list[str] = []
        self._points: list[Point | None] = []
        self._setting: Setting | None = None
        self._settings: dict[Any, Setting] = {}

    def execute(self, streams: Sequence[object]) -> None:
        """Execute the streams as one; the parent's `render_contents` calls this."""
        tokens = ContentTokens(self._not_running(streams))
        operands, operator_of = tokens.operands, OPERATOR_OF
        self._operands = operands
        for keyword in tokens.operators():
            act, count = operator_of[keyword]
            if not count:
                act(self)
            elif len(operands) < count:
                operands.clear()
            elif count == 1:
                act(self, operands.pop())
            else:
                given = operands[-count:]
                del operands[-count:]
                act(self, *given)

    def _not_running(self, streams: Sequence[object]) -> list[PDFStream]:
        """Return the streams without those that would run within themselves or cannot be told apart."""
        valid = []
        self.stream_ids.clear()
        for stream in map(stream_value, streams):
            if stream.objid is not None and stream.objid not in self.parent_stream_ids:
                valid.append(stream)
                self.stream_ids.add(stream.objid)
        return valid

    def _save(self) -> None:
        self._saved.append((
            self._matrix, self._text_matrix, self._x, self._y, self._font, self._size, self._spacing,
            self._word_spacing, self._scaling, self._leading, self._rise, self._stroke, self._fill,
        ))  # fmt: skip

    def _restore(self) -> None:
        if self._saved:
            (
                self._matrix, self._text_matrix, self._x, self._y, self._font, self._size, self._spacing,
                self._word_spacing, self._scaling, self._leading, self._rise, self._stroke, self._fill,
            ) = self._saved.pop()  # fmt: skip
            self._transform(self._matrix)

    def _concatenate(self, *given: Any) -> None:
        if (matrix := safe_matrix(*given)) is not None:
            self._transform(mult_matrix(matrix, self._matrix))

    def _transform(self, matrix: Matrix) -> None:
        a, b, c, d, e, f = matrix
        if not abs(a) + abs(b) + abs(c) + abs(d) + abs(e) + abs(f) < HUGE:
            raise Unsupported("a huge transformation")
        self._matrix = self.canvas.matrix = matrix
        self._setting = None

    # Paths: a letter for each operator, and the point it leads to.

    def _draw_parts(self, path: bytes) -> None:
        letters, points = path_parts(path)
        self._shape.append(letters)
        self._points += points

    def _move_to(self, x: Any, y: Any) -> None:
        self._extend("m", x, y)

    def _line_to(self, x: Any, y: Any) -> None:
        self._extend("l", x, y)

    def _extend(self, letter: str, x: Any, y: Any) -> None:
        try:
            self._points.append((float(x), float(y)))
        except (TypeError, ValueError, OverflowError):
            return
        self._shape.append(letter)

    def _curve_to(self, *given: Any) -> None:
        """Six numbers (`c`), or four of which the first or the last two are repeated (`v`, `y`)."""
        numbers = [safe_float(number) for number in given]
        if None not in numbers:
            self._shape.append("c")
            self._points.append((numbers[-2], numbers[-1]))

    def _rectangle(self, *given: Any) -> None:
        try:
            x, y, width, height = map(float, given)
        except (TypeError, ValueError, OverflowError):
            return
        self._shape += "mlllh"
        self._points += ((x, y), (x + width, y), (x + width, y + height), (x, y + height), None)

    def _close_path(self) -> None:
        self._shape.append("h")
        self._points.append(None)

    def _paint(self) -> None:
        if self._shape:
            self.canvas.paint("".join(self._shape), self._points)
            self._end_path()

    def _close_and_paint(self) -> None:
        self._close_path()
        self._paint()

    def _end_path(self) -> None:
        self._shape, self._points = [], []

    # Colours matter only by how many operands the next one takes.

    def _fill_space(self, name: Any) -> None:
        self._fill = self.csmap.get(literal_name(name), self._fill)

    def _stroke_space(self, name: Any) -> None:
        self._stroke = self.csmap.get(literal_name(name), self._stroke)

    def _fill_components(self) -> None:
        self._drop_components(self._fill)

    def _stroke_components(self) -> None:
        self._drop_components(self._stroke)

    def _drop_components(self, space: PDFColorSpace) -> None:
        count = space.ncomponents
        if type(count) is not int or count < 0:
            raise Unsupported("a colour space of an odd size")
        if count:
            del self._operands[-count:]

    def _fill_color(self, *given: Any) -> None:
        if None not in map(safe_float, given):
            self._fill = self.csmap[DEVICE_SPACES[len(given)]]

    def _stroke_color(self, *given: Any) -> None:
        if None not in map(safe_float, given):
            self._stroke = self.csmap[DEVICE_SPACES[len(given)]]

    # The text state. What is no number leaves it as it is.

    def _begin_text(self) -> None:
        self._text_matrix = MATRIX_IDENTITY
        self._x = self._y = 0
        self._setting = None

    def _set_spacing(self, spacing: Any) -> None:
        if (number := safe_float(spacing)) is not None:
            self._spacing, self._setting = number, None

    def _set_word_spacing(self, spacing: Any) -> None:
        if (number := safe_float(spacing)) is not None:
            self._word_spacing, self._setting = number, None

    def _set_scaling(self, scaling: Any) -> None:
        if (number := safe_float(scaling)) is not None:
            self._scaling, self._setting = number, None

    def _set_leading(self, leading: Any) -> None:
        if (number := safe_float(leading)) is not None:
            self._leading = -number

    def _set_rise(self, rise: Any) -> None:
        if (number := safe_float(rise)) is not None:
            self._rise, self._setting = number, None

    def _set_font(self, name: Any, size: Any) -> None:
        font = self.fontmap.get(literal_name(name))
        self._font = self.rsrcmgr.get_font(None, {}) if font is None else font
        if (number := safe_float(size)) is not None:
            self._size = number
        self._setting = None

    def _set_text_matrix(self, *given: Any) -> None:
        try:
            matrix = tuple(map(float, given))
        except (TypeError, ValueError, OverflowError):
            return
        if matrix[:4] != self._text_matrix[:4]:
            self._setting = None
        self._text_matrix = matrix
        self._x = self._y = 0

    def _shift_line(self, x: Any, y: Any) -> None:
        self._x = self._y = 0
        try:
            shift_x, shift_y = float(x), float(y)
        except (TypeError, ValueError, OverflowError):
            return
        a, b, c, d, e, f = self._text_matrix
        self._text_matrix = (a, b, c, d, shift_x * a + shift_y * c + e, shift_x * b + shift_y * d + f)

    def _shift_line_and_lead(self, x: Any, y: Any) -> None:
        """Unlike PDF, pdfminer takes the leading as it is, not its negative."""
        self._shift_line(x, y)
        if (leading := safe_float(y)) is not None:
            self._leading = leading

    def _next_line(self) -> None:
        a, b, c, d, e, f = self._text_matrix
        self._text_matrix = (a, b, c, d, self._leading * c + e, self._leading * d + f)
        self._x = self._y = 0

    # Showing text.

    def _show_one(self, text: Any) -> None:
        self._show((text,))

    def _show_on_next_line(self, text: Any) -> None:
        self._next_line()
        self._show((text,))

    def _show_spaced(self, word_spacing: Any, spacing: Any, text: Any) -> None:
        """Unlike PDF, pdfminer stays on the line."""
        self._set_word_spacing(word_spacing)
        self._set_spacing(spacing)
        self._show((text,))

    def _show(self, pieces: Any) -> None:
        """Show texts (bytes) and kerning (numbers, in thousandths of the font size); anything else is skipped."""
        if self._font is None:
            return
        if (setting := self._setting) is None:
            setting = self._setting = self._find_setting(self._font)
        if isinstance(setting.glyphs, FlatGlyphs):
            self._show_flat(pieces, setting, setting.glyphs)
        else:
            self._show_loose(pieces, setting, setting.glyphs)
        if not (-FAR < self._x < FAR and -FAR < self._y < FAR):
            raise Unsupported("a text far outside")

    def _find_setting(self, font: PDFFont) -> Setting:
        """Return the setting of the text state as it is now; pages go back to the same few again and again."""
        linear, outer = self._text_matrix[:4], self.canvas.matrix[:4]
        key = (font, self._size, self._scaling, self._rise, self._spacing, self._word_spacing, linear, outer)
        if (setting := self._settings.get(key)) is None:
            if len(self._settings) >= MAX_SETTINGS:
                self._settings.clear()
            setting = self._settings[key] = self._set_text(font, linear, outer)
        return setting

    def _set_text(self, shown: PDFFont, linear: Linear, outer: Linear) -> Setting:
        font = self.fonts.get(shown)
        if font is None:
            font = self.fonts[shown] = Font(shown)
        a1, b1, c1, d1 = linear
        a0, b0, c0, d0 = outer
        a, b, c, d = a0 * a1 + c0 * b1, b0 * a1 + d0 * b1, a0 * c1 + c0 * d1, b0 * c1 + d0 * d1
        scaling, descent = self._scaling * 0.01, font.descent * self._size
        low, high = sorted((d * (descent + self._rise), d * (descent + self._rise + self._size)))
        if not -FAR < low <= high < FAR:
            raise Unsupported("a huge font")
        is_flat = b == 0 and c == 0 and a > 0 and not font.is_vertical
        forwards, across = ((-c, -d), (a, b)) if font.is_vertical else ((a, b), (c, d))
        turn = turn_of(forwards)
        return Setting(
            font=font,
            glyphs=font.flat(self._size, scaling, a)
            if is_flat
            else font.loose(self._size, scaling, self._rise, (a, b, c, d)),
            linear=(a, b, c, d),
            upright=a * d * scaling > 0 and b * c <= 0,
            spacing=self._spacing * scaling,
            word_spacing=0 if font.is_multibyte else self._word_spacing * scaling,
            kerning=0.001 * self._size * scaling,
            low=low,
            high=high,
            style=font.style(math.hypot(c, d) * abs(self._size), -low),
            turn=turn,
            lean=abs(across[turn % 2] * self._size),
        )

    def _origin(self) -> Point:
        """Return where the text matrix's origin lies, in the device's space."""
        a, b, c, d, e, f = self.canvas.matrix
        x, y = self._text_matrix[4:]
        return a * x + c * y + e, b * x + d * y + f

    def _show_flat(self, pieces: Any, setting: Setting, glyphs: FlatGlyphs) -> None:
        """Show upright horizontal text: what most pages are made of, so nothing here is done twice."""
        origin_x, origin_y = self._origin()
        if self._y:  # Vertical text went before on this line.
            origin_y = self._y * setting.linear[3] + origin_y
        low, high = setting.low + origin_y, setting.high + origin_y
        run = self.canvas.run(setting.style, upright=setting.upright, low=low, high=high)
        add_x0, add_x1, add_text = run.x0s.append, run.x1s.append, run.texts.append
        x, stretch, decode = self._x, setting.linear[0], setting.font.decode
        kerning, spacing, word_spacing = setting.kerning, setting.spacing, setting.word_spacing
        is_spaced, follows = bool(spacing or word_spacing), False
        for piece in pieces:
            if isinstance(piece, bytes):
                for code in decode(piece):
                    if follows:
                        x += spacing
                    text, advance, extent = glyphs[code]
                    x0 = x * stretch + origin_x
                    add_x0(x0)
                    add_x1(extent + x0)
                    add_text(text)
                    x += advance
                    if is_spaced:
                        if code == SPACE and word_spacing:
                            x += word_spacing
                        follows = True
            elif isinstance(piece, (int, float)):
                x -= piece * kerning
                follows = is_spaced
        self._x = x

    def _show_loose(self, pieces: Any, setting: Setting, glyphs: LooseGlyphs) -> None:
        """Show text of any direction; `along` is the axis of text space on which it advances."""
        at, along, follows = [self._x, self._y], int(setting.font.is_vertical), False
        a, b, c, d = setting.linear
        origin_x, origin_y = self._origin()
        canvas = self.canvas
        scatter = canvas.scatter(setting.style, upright=setting.upright, turn=setting.turn, lean=setting.lean)
        for piece in pieces:
            if isinstance(piece, bytes):
                for code in setting.font.decode(piece):
                    if follows:
                        at[along] += setting.spacing
                    text, advance, left, right, low, high = glyphs[code]
                    x, y = at
                    shift_x, shift_y = x * a + y * c + origin_x, x * b + y * d + origin_y
                    scatter.texts.append(text)
                    scatter.x0s.append(left + shift_x)
                    scatter.x1s.append(right + shift_x)
                    scatter.tops.append((canvas.height - (high + shift_y)) + canvas.top)
                    scatter.bottoms.append((canvas.height - (low + shift_y)) + canvas.top)
                    at[along] += advance
                    if code == SPACE and setting.word_spacing:
                        at[along] += setting.word_spacing
                    follows = True
            elif isinstance(piece, (int, float)):
                at[along] -= piece * setting.kerning
                follows = True
        self._x, self._y = at

    # Forms and pictures.

    def _invoke(self, name: Any) -> None:
        try:
            xobject = stream_value(self.xobjmap[literal_name(name)])
        except KeyError:
            return
        subtype = xobject.get("Subtype")
        if subtype is LITERAL_FORM and "BBox" in xobject:
            self._run_form(xobject)
        elif subtype is LITERAL_IMAGE and "Width" in xobject and "Height" in xobject:
            self._draw_picture(xobject)

    def _run_form(self, form: PDFStream) -> None:
        interpreter = self.subinterp()
        x, y, width, height = list_value(form["BBox"])
        matrix = list_value(form.get("Matrix", MATRIX_IDENTITY))
        own = form.get("Resources")
        resources = dict_value(own) if own else self.resources.copy()
        placed = mult_matrix(matrix, self.canvas.matrix)
        apply_matrix_rect(placed, (x, y, x + width, y + height))  # Raises what pdfminer would for its figure.
        interpreter.render_contents(resources, [form], ctm=mult_matrix(matrix, self._matrix))
        self._setting = None

    def _end_image(self, image: Any) -> None:
        if isinstance(image, PDFStream) and "W" in image and "H" in image:
            self._draw_picture(image)

    def _draw_picture(self, picture: PDFStream) -> None:
        """Draw a picture; pdfplumber resolves what it says of itself, which may raise."""
        for names in PICTURE_FACTS:
            resolve_all(picture.get_any(names))
        self.canvas.picture(apply_matrix_rect(mult_matrix(MATRIX_IDENTITY, self.canvas.matrix), UNIT_SQUARE))

    def _ignore(self, *_: Any) -> None:
        """Do what has no effect on text, words and tables."""

    OPERATORS: ClassVar[dict[str, Operator]] = {
        **dict.fromkeys(("J", "M", "MP", "BMC", "Tr", "gs", "i", "j", "ri", "sh", "w"), Operator(_ignore, 1)),
        **dict.fromkeys(("BDC", "DP", "d"), Operator(_ignore, 2)),
        **dict.fromkeys(("S", "f", "f_a", "B", "B_a"), Operator(_paint, 0)),
        **dict.fromkeys(("s", "b", "b_a"), Operator(_close_and_paint, 0)),
        **dict.fromkeys(("SC", "SCN"), Operator(_stroke_components, 0)),
        **dict.fromkeys(("sc", "scn"), Operator(_fill_components, 0)),
        "g": Operator(_fill_color, 1),
        "rg": Operator(_fill_color, 3),
        "k": Operator(_fill_color, 4),
        "G": Operator(_stroke_color, 1),
        "RG": Operator(_stroke_color, 3),
        "K": Operator(_stroke_color, 4),
        "cs": Operator(_fill_space, 1),
        "CS": Operator(_stroke_space, 1),
        "q": Operator(_save, 0),
        "Q": Operator(_restore, 0),
        "cm": Operator(_concatenate, 6),
        "m": Operator(_move_to, 2),
        "l": Operator(_line_to, 2),
        "c": Operator(_curve_to, 6),
        "v": Operator(_curve_to, 4),
        "y": Operator(_curve_to, 4),
        "h": Operator(_close_path, 0),
        "re": Operator(_rectangle, 4),
        "n": Operator(_end_path, 0),
        "BT": Operator(_begin_text, 0),
        "Tc": Operator(_set_spacing, 1),
        "Tw": Operator(_set_word_spacing, 1),
        "Tz": Operator(_set_scaling, 1),
        "TL": Operator(_set_leading, 1),
        "Ts": Operator(_set_rise, 1),
        "Tf": Operator(_set_font, 2),
        "Td": Operator(_shift_line, 2),
        "TD": Operator(_shift_line_and_lead, 2),
        "Tm": Operator(_set_text_matrix, 6),
        "T_a": Operator(_next_line, 0),
        "TJ": Operator(_show, 1),
        "Tj": Operator(_show_one, 1),
        "_q": Operator(_show_on_next_line, 1),
        "_w": Operator(_show_spaced, 3),
        "Do": Operator(_invoke, 1),
        "EI": Operator(_end_image, 1),
    }  # By the names of pdfminer's methods: `T_a` is T*, `_q` a single quote, `_w` a double one.
    NO_OPERATOR: ClassVar[Operator] = Operator(_ignore, 0)


class Operators(dict[bytes, Operator]):
    """The operator that a keyword means; pdfminer finds its method by a name from which some bytes are dropped."""

    def __missing__(self, keyword: bytes) -> Operator:
        name = str(keyword, "utf-8", "ignore").replace("*", "_a").replace('"', "_w").replace("'", "_q")
        operator = Interpreter.OPERATORS.get(name, Interpreter.NO_OPERATOR)
        if len(self) < MAX_KEYWORDS:
            self[keyword] = operator
        return operator


OPERATOR_OF: Final = Operators({PATH_PARTS: Operator(Interpreter._draw_parts, 1)})  # noqa: SLF001 — Its own table.
DEVICE_SPACES: Final = {1: "DeviceGray", 3: "DeviceRGB", 4: "DeviceCMYK"}
SPACE: Final = 32

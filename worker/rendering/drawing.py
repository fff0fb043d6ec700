"""A page drawn by PDFium and encoded by Pillow; runs in a sandbox child.

PDFium draws itself what pdfplumber only describes: fonts, pictures, shadings. It may end the process on some files, as
`worker/extraction/repair.py` says; the parent then gives the page up after a second death of the same kind.
"""

import math
from io import BytesIO
from typing import Any, BinaryIO, Final

from PIL import Image, PngImagePlugin, WebPImagePlugin
from pypdfium2 import PdfBitmap, PdfDocument, PdfPage, raw

MAX_WIDTH: Final = 2000
MAX_SIDE: Final = 16_000  # WebP's own limit is 16,383.
MAX_PIXELS: Final = 16_000_000
WHITE: Final = 0xFFFFFFFF
EVERYWHERE: Final = (-1e6, -1e6, 1e6, 1e6)
# Measured on pages 1,200 pixels wide: WebP's next better effort takes half as long again for 3 % fewer bytes, and PNG's
# default is slower than this one without being smaller.
ENCODINGS: Final[dict[str, dict[str, Any]]] = {
    "png": {"format": PngImagePlugin.PngImageFile.format, "compress_level": 3},
    "webp": {"format": WebPImagePlugin.WebPImageFile.format, "quality": 80, "method": 2},
}


class NoSuchPage(Exception):
    """PDFium sees no page with this number."""


def draw(source: BinaryIO, asked: dict[str, Any], *, password: str | None) -> tuple[dict[str, Any], bytes]:
    """Return the picture's size in pixels, and the picture; raises NoSuchPage, PdfiumError or ValueError.

    `asked` has the `page`, a `format`, and either a `width` in pixels or a `scale`, at which 1 is a pixel for each PDF
    point. What is larger than the caps is drawn as large as they allow.
    """
    with PdfDocument(source, password=password) as pdf:
        if not 1 <= asked["page"] <= len(pdf):
            raise NoSuchPage
        page = pdf[asked["page"] - 1]
        # pdfplumber measures from the corner of the MediaBox, PDFium draws what the CropBox leaves of that: an endless
        # one leaves all, and boxes stand where they belong.
        page.set_cropbox(*EVERYWHERE)
        size = size_in_pixels(*page.get_size(), width=asked["width"], scale=asked["scale"])
        return dict(zip(("width", "height"), size, strict=True)), encode(bitmap(page, size), asked["format"])


def size_in_pixels(page_width: float, page_height: float, *, width: int | None, scale: float | None) -> tuple[int, int]:
    """Return width and height of the picture of a page measured in PDF points; raises ValueError for no real size."""
    if not (0 < page_width < math.inf and 0 < page_height < math.inf):
        raise ValueError("the page has no finite size")
    wanted = width / page_width if width is not None else scale or 1.0
    area = math.sqrt(MAX_PIXELS) / (math.sqrt(page_width) * math.sqrt(page_height))
    factor = min(wanted, MAX_WIDTH / page_width, MAX_SIDE / page_height, area)
    return max(1, round(page_width * factor)), max(1, round(page_height * factor))


def bitmap(page: PdfPage, size: tuple[int, int]) -> Image.Image:
    """Draw the page on white, with its annotations and the values of its form fields."""
    drawn = PdfBitmap.new_native(*size, raw.FPDFBitmap_BGR, rev_byteorder=True)
    raw.FPDFBitmap_FillRect(drawn, 0, 0, *size, WHITE)
    flags = raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER
    raw.FPDF_RenderPageBitmap(drawn, page, 0, 0, *size, 0, flags)
    picture: Image.Image = drawn.to_pil()
    return picture


def encode(picture: Image.Image, form: str) -> bytes:
    target = BytesIO()
    picture.save(target, **ENCODINGS[form])
    return target.getvalue()

"""Where what a page says lies on its picture, which shows the MediaBox turned as the page says."""

from collections.abc import Sequence

from pdfminer.pdfpage import PDFPage
from pdfminer.utils import Matrix, apply_matrix_rect
from pdfplumber.page import Page

from worker.extraction.engine.marks import Box


def matrix_of(page: PDFPage) -> Matrix:
    """Return the transformation that a page's content begins with, as pdfminer has it."""
    x0, y0, x1, y1 = page.mediabox
    if page.rotate == 90:
        return (0, -1, 1, 0, -y0, x1)
    if page.rotate == 180:
        return (-1, 0, 0, -1, x1, y1)
    if page.rotate == 270:
        return (0, 1, -1, 0, y1, -x0)
    return (1, 0, 0, 1, -x0, -y0)


def corner_of(page: Page) -> tuple[float, float]:
    """Return the place that pdfplumber's words and tables give to the top left corner of the picture.

    It is that of pdfplumber's own box of the page, unless the MediaBox begins at another corner than the lower left
    one: pdfminer measures from the corner that stands first.
    """
    left, _, _, top = apply_matrix_rect(matrix_of(page.page_obj), page.page_obj.mediabox)
    return page.bbox[0] + left, page.bbox[1] + page.height - top


def place_of(rectangle: Sequence[float], page: PDFPage) -> Box:
    """Return x0, top, x1 and bottom, from the picture's top left corner, of a rectangle in the space of the PDF."""
    matrix = matrix_of(page)
    left, _, _, top = apply_matrix_rect(matrix, page.mediabox)
    x0, low, x1, high = apply_matrix_rect(matrix, tuple(rectangle))
    return x0 - left, top - high, x1 - left, top - low

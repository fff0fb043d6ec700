"""How a PDF is divided into parts, and how urgent they are."""

from collections.abc import Sequence
from itertools import pairwise

from shared.broker import Lane

PART_PAGES = 64  # About half a second of the engine and 6 s of plain pdfplumber (ADR 16).
INTERACTIVE_BYTES = 2**20
BULK_BYTES = 20 * 2**20
INTERACTIVE_PAGES = 20
BULK_PAGES = 500


def lane_for_size(size: int) -> Lane:
    """Return the lane of a new upload by its size in bytes; the page count is not known yet."""
    if size <= INTERACTIVE_BYTES:
        return Lane.INTERACTIVE
    return Lane.BULK if size > BULK_BYTES else Lane.NORMAL


def lane_for_pages(pages: int) -> Lane:
    """Return the lane of a job by the number of its pages."""
    if pages <= INTERACTIVE_PAGES:
        return Lane.INTERACTIVE
    return Lane.BULK if pages > BULK_PAGES else Lane.NORMAL


def divide(numbers: Sequence[int]) -> list[Sequence[int]]:
    """Cut sorted page numbers into runs of about equal length, none longer than `PART_PAGES`."""
    count = -(-len(numbers) // PART_PAGES)
    cuts = [len(numbers) * k // count for k in range(count + 1)] if count else []
    return [numbers[start:end] for start, end in pairwise(cuts)]

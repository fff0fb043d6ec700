"""Whether what was found is a table at all, or a chart, a list, or text that happens to stand in columns."""

import re
from collections.abc import Sequence

from worker.extraction.engine.auto.grids import Grid
from worker.extraction.engine.auto.lines import Word
from worker.extraction.engine.tables import Rows

MAX_CROSSED = 0.1  # The share of words that rules of a grid may run through.
MIN_DRAWN = 0.4  # The share of a grid's inner boundaries that is drawn.
MIN_FILLED = 0.4
MIN_ROWS_OF_TEXT = 4
WORDY = 6  # Words of a cell on average.
MAX_CONTENTS_COLUMNS = 3
LONG_TITLE = 12  # Characters.
PAGE_NUMBER = re.compile(r"\d{1,3}|[ivxl]+|[A-Z]-\d{1,3}")
DIGIT = re.compile(r"\d")
SIGN = re.compile(r"\W{1,2}|[(\[]?\w{1,4}[.):\]]{0,2}|\(cid:\d+\)+.?")


def is_drawing(grid: Grid, words: Sequence[Word]) -> bool:
    """Say whether rules run through words, or hardly along the cells: then they are a chart's or a picture's."""
    crossed = sum(1 for word in words if _is_crossed(word, grid))
    return crossed > MAX_CROSSED * len(words) or grid.drawn_share < MIN_DRAWN


def is_chart(grid: Grid, words: Sequence[Word]) -> bool:
    """Say whether a drawing is surely none of a table: rules run through words, or there is hardly any word."""
    crossed = sum(1 for word in words if _is_crossed(word, grid))
    return crossed > MAX_CROSSED * len(words) or len(words) < (len(grid.xs) - 1) * (len(grid.ys) - 1)


def is_table(rows: Rows) -> bool:
    """Say whether rows found by their words alone look like those of a table."""
    texts = [text for row in rows for text in row if text]
    if len(texts) < MIN_FILLED * len(rows) * len(rows[0]):
        return False
    if not any(DIGIT.search(text) for text in texts) and len(rows) < MIN_ROWS_OF_TEXT:
        return False
    if _is_list(rows) or _is_contents(rows) or _is_vertical_text(texts):
        return False
    return sum(len(text.split()) for text in texts) <= WORDY * len(texts)


def _is_crossed(word: Word, grid: Grid) -> bool:
    middle, margin = (word.top + word.bottom) / 2, 0.25 * (word.bottom - word.top)
    return any(word.x0 + margin < rule.at < word.x1 - margin and rule.start < middle < rule.end for rule in grid.down)


def _is_list(rows: Rows) -> bool:
    """Say whether there is nothing but signs or numbers and a text to each."""
    return (
        len(rows[0]) == 2
        and all(SIGN.fullmatch(row[0]) for row in rows if row[0])
        and not any(DIGIT.match(row[1] or "") for row in rows)
    )


def _is_contents(rows: Rows) -> bool:
    """Say whether this is a table of contents: titles, and page numbers that do not fall."""
    last = [row[-1] for row in rows if row[-1]]
    if len(rows[0]) > MAX_CONTENTS_COLUMNS or len(last) < MIN_ROWS_OF_TEXT or not all(map(PAGE_NUMBER.fullmatch, last)):
        return False
    numbers = [int(text) for text in last if text.isdecimal()]
    titles = [row[0] for row in rows if row[0]]
    wordy = sum(1 for title in titles if len(title) > LONG_TITLE)
    return len(numbers) > 2 and numbers == sorted(numbers) and 2 * wordy > len(titles)


def _is_vertical_text(texts: Sequence[str]) -> bool:
    """Say whether nearly all cells are single characters, as where Chinese or Japanese runs down."""
    single = sum(1 for text in texts if len(text) == 1 and ord(text) > 0x2E80)
    return single > 0.6 * len(texts)

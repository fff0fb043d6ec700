"""Reading what was found: the pages that are ready, their text and their tables."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy import ColumnElement, case
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from api.documents.text.results import PageResults
from shared import page_ranges
from shared.errors import NotFound
from shared.models import Document, Job, JobState, Page
from shared.page_content import inflate
from shared.settling import RETRYABLE_CODES

Stamp = tuple[int, UUID, int]  # A page's number, and the job and attempt that wrote it.


class PageNotReady(NotFound):
    """This page has not been read yet."""

    code = "page_not_ready"


class NoSuchPage(NotFound):
    """The document has no such page."""

    code = "no_such_page"


@dataclass(frozen=True)
class Contents:
    """The pages of a document as its latest job has them."""

    session: Session
    document: Document
    job: Job

    @property
    def complete(self) -> bool:
        return JobState(self.job.state).done

    def selected(self, ranges: str | None = None) -> list[int]:
        """Return the numbers of the job's pages, in order, narrowed to `ranges`; empty before the PDF was opened."""
        if self.document.page_count is None:
            return []
        wanted = page_ranges.expand(self.job.page_ranges, self.document.page_count)
        if ranges is None:
            return wanted
        narrowed = set(page_ranges.expand(page_ranges.normalize(ranges), self.document.page_count))
        return [number for number in wanted if number in narrowed]

    def page(self, number: int, *, words: bool) -> Page:
        """Return one page; raises NoSuchPage or PageNotReady."""
        if self.complete or self.document.page_count is not None:
            self._check_number(number)
        row = next(iter(self._rows([number], words=words)), None)
        if row is None:
            raise PageNotReady(f"Page {number} has not been read yet; ask again soon.")
        return row

    def listed(self, *, after: int, limit: int, words: bool = False) -> tuple[list[Page], int | None]:
        """Return the gap-free run of pages after this one, and the number to continue after; None ends the list."""
        numbers = [number for number in self.selected() if number > after]
        rows = self.ready(numbers[:limit], words=words)
        is_opened = self.document.page_count is not None
        is_last = is_opened and len(rows) == len(numbers)
        is_cut_short = self.complete and len(rows) < limit
        if is_last or is_cut_short:
            return rows, None
        return rows, rows[-1].number if rows else after

    def ready(self, numbers: list[int], *, words: bool = False) -> list[Page]:
        """Return the rows of these pages up to the first one that is missing."""
        rows = {row.number: row for row in self._rows(numbers, words=words)}
        ready: list[Page] = []
        for number in numbers:
            if number not in rows:
                break
            ready.append(rows[number])
        return ready

    def with_tables(self) -> list[Page]:
        """Return the rows of those ready pages that have tables; of the others only the numbers are fetched."""
        numbers = self.selected()
        is_there = set(self.session.exec(select(Page.number).where(*self._current(numbers))))
        ready = list(takewhile(is_there.__contains__, numbers))
        statement = select(Page).where(*self._current(ready), Page.table_count > 0)
        statement = statement.options(defer(Page.words), defer(Page.spans))  # type: ignore[arg-type]  # SQLModel types columns as values.
        return sorted(self.session.exec(statement), key=lambda row: row.number)

    def stamped(self, numbers: list[int]) -> list[Stamp]:
        """Return who wrote each of these pages, up to the first one that is missing; equal lists are equal pages."""
        statement = select(Page.number, Page.job_id, Page.attempt).where(*self._current(numbers))
        found = {stamp[0]: stamp for stamp in self.session.exec(statement)}
        return [found[number] for number in takewhile(found.__contains__, numbers)]

    def results(self, numbers: list[int], *, words: bool) -> list[PageResults]:
        """Return what was read of these pages; the words only if wanted or if there are no spans."""
        or_spans = col(Page.words) if words else case((col(Page.spans).is_(None), col(Page.words)))
        columns: list[Any] = [Page.number, Page.width, Page.height, Page.content, or_spans, Page.spans]
        rows = self.session.execute(sqlalchemy.select(*columns).where(*self._current(numbers)).order_by(columns[0]))
        return [PageResults(number, width or 0.0, height or 0.0, *packed) for number, width, height, *packed in rows]

    def _rows(self, numbers: list[int], *, words: bool = False) -> Iterable[Page]:
        statement = select(Page).where(*self._current(numbers))
        return self.session.exec(statement if words else statement.options(defer(Page.words), defer(Page.spans)))  # type: ignore[arg-type]  # SQLModel types columns as values.

    def _current(self, numbers: list[int]) -> tuple[ColumnElement[bool], ...]:
        """Select these pages; one that an earlier job failed to read does not count for this one."""
        return (
            col(Page.document_id) == self.document.id,
            col(Page.settings) == self.job.settings,
            col(Page.number).in_(numbers),
            col(Page.error_code).is_(None) | (col(Page.job_id) == self.job.id),
        )

    def _check_number(self, number: int) -> None:
        if self.document.page_count is None:
            raise NoSuchPage("The PDF could not be opened, so there are no pages; its job says why.")
        if number not in self.selected():
            raise NoSuchPage(
                f"Page {number} is none of the pages that were asked for; the PDF has {self.document.page_count}."
            )


def page_json(row: Page, *, words: bool = False) -> bytes:
    """Return a page as clients see it, its numbers exactly as the extraction gave them.

    What is stored is JSON already and was checked by the worker, so it is put in its place without being read.
    """
    facts: dict[str, Any] = {
        "number": row.number,
        "width": row.width,
        "height": row.height,
        "text_layer": row.text_layer,
    }
    if row.error_code is not None:
        retryable = row.error_code in RETRYABLE_CODES
        facts["error"] = {"code": row.error_code, "message": row.error_message, "retryable": retryable}
    content = inflate(row.content) if row.content else b'{"text": null, "tables": []}'
    body = json.dumps(facts).encode()[:-1] + b", " + content[1:-1]
    if words:
        body += b', "words": ' + (inflate(row.words) if row.words else b"[]")
    return body + b"}"

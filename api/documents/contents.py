"""Reading what was found: the pages that are ready, their text and their tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from shared import page_ranges
from shared.errors import NotFound
from shared.models import Document, Job, JobState, Page
from shared.page_content import unpack
from shared.settling import RETRYABLE_CODES


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

    def page(self, number: int, *, words: bool) -> dict[str, Any]:
        """Render one page; raises NoSuchPage or PageNotReady."""
        if self.complete or self.document.page_count is not None:
            self._check_number(number)
        row = next(iter(self._rows([number], words=words)), None)
        if row is None:
            raise PageNotReady(f"Page {number} has not been read yet; ask again soon.")
        return render_page(row, words=words)

    def listed(self, *, after: int, limit: int) -> tuple[list[Page], int | None]:
        """Return the gap-free run of pages after this one, and the number to continue after; None ends the list."""
        numbers = [number for number in self.selected() if number > after]
        rows = self.ready(numbers[:limit])
        is_opened = self.document.page_count is not None
        is_last = is_opened and len(rows) == len(numbers)
        is_cut_short = self.complete and len(rows) < limit
        if is_last or is_cut_short:
            return rows, None
        return rows, rows[-1].number if rows else after

    def ready(self, numbers: list[int]) -> list[Page]:
        """Return the rows of these pages up to the first one that is missing."""
        rows = {row.number: row for row in self._rows(numbers)}
        ready: list[Page] = []
        for number in numbers:
            if number not in rows:
                break
            ready.append(rows[number])
        return ready

    def _rows(self, numbers: list[int], *, words: bool = False) -> Iterable[Page]:
        """Fetch rows; a page that an earlier job failed to read does not count for this one."""
        statement = select(Page).where(
            Page.document_id == self.document.id,
            Page.settings == self.job.settings,
            col(Page.number).in_(numbers),
            col(Page.error_code).is_(None) | (col(Page.job_id) == self.job.id),
        )
        return self.session.exec(statement if words else statement.options(defer(Page.words)))  # type: ignore[arg-type]  # SQLModel types columns as values.

    def _check_number(self, number: int) -> None:
        if self.document.page_count is None:
            raise NoSuchPage("The PDF could not be opened, so there are no pages; its job says why.")
        if number not in self.selected():
            raise NoSuchPage(
                f"Page {number} is none of the pages that were asked for; the PDF has {self.document.page_count}."
            )


def render_page(row: Page, *, words: bool = False) -> dict[str, Any]:
    """Return a page as clients see it, its numbers exactly as the extraction gave them."""
    content = unpack(row.content) if row.content else {"text": None, "tables": []}
    page: dict[str, Any] = {
        "number": row.number,
        "width": row.width,
        "height": row.height,
        "text": content["text"],
        "tables": content["tables"],
        "text_layer": row.text_layer,
    }
    if row.error_code is not None:
        retryable = row.error_code in RETRYABLE_CODES
        page["error"] = {"code": row.error_code, "message": row.error_message, "retryable": retryable}
    if words:
        page["words"] = unpack(row.words) if row.words else []
    return page


def plain_text(rows: Iterable[Page]) -> str:
    """Return pdfplumber's text of each page, separated by form feeds; a failed page is empty."""
    return "\f".join(unpack(row.content)["text"] if row.content else "" for row in rows)


def numbered_tables(rows: Iterable[Page]) -> list[dict[str, Any]]:
    """Return the tables of the pages in order, numbered from 1 over the document."""
    on_pages = [(row.number, table) for row in rows if row.content for table in unpack(row.content)["tables"]]
    return [{"number": k, "page": page, **table} for k, (page, table) in enumerate(on_pages, start=1)]

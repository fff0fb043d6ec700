"""One extraction: children open the PDF and read its pages; a page that costs a child its life costs one page.

A page is only given up by a child that was fresh. What pdfminer keeps of earlier pages fills the memory, and an earlier
page may have done harm that shows late; so a page that costs the life of a child that has read before is tried once
more as the first of a fresh child, and nobody hears of the first time. A page that took too long is not: what is kept
saves work and makes none, and a second wait would be the user's.

When pdfplumber has counted the pages, PDFium is asked whether it sees more, and if so the child reads on from PDFium's
copy (`repair.py`). PDFium may take the child along or hang, so what pdfplumber found is known before it is asked, and
holds if no answer comes: another child opens the PDF again, without PDFium.
"""

import math
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from shared.claims import AttemptReport, Failure
from shared.page_content import FailedPage, ReadPage
from worker.extraction import failures
from worker.extraction.answers import Found, differences, failed_page, found, page_from, repaired
from worker.extraction.children import Child, ChildGone, Ending
from worker.extraction.failures import ExtractionFailed, SandboxCrashed, SandboxUnavailable
from worker.extraction.frames import MAX_PAGE_BYTES, BadFrame, Frame, FrameTooLarge
from worker.extraction.limits import Limits
from worker.extraction.parking import Place, is_worth_parking

PageSettings = Mapping[str, Any]
DEFAULT_SETTINGS: PageSettings = {}
TICK_S = 0.4  # `on_wait` is promised at least every half second.


class TooSlow(Exception):
    """Opening or the page took longer than it may."""


class WornOut(Exception):
    """The child was lost at a page, maybe to what it did before."""


class Extraction:
    """A context manager; leaving it in good order parks the child where there is a place, otherwise kills it."""

    def __init__(
        self,
        spawn: Callable[[], Child],
        *,
        password: str | None,
        limits: Limits,
        on_wait: Callable[[], None],
        place: Place | None,
        is_repaired: bool = False,
    ) -> None:
        """The job's clock starts here; whatever `on_wait` raises kills the child and propagates.

        `is_repaired` says that the pages of this PDF are those of the repaired copy.
        """
        self._spawn = spawn
        self._place = place
        self._password = password or None
        self._limits = limits
        self._on_wait = on_wait
        self._is_repaired = is_repaired
        self.repaired_because: str | None = None
        self._deadline = time.monotonic() + limits.job_timeout_s
        self._waited_at = time.monotonic()
        self._child: Child | None = None
        self._is_at_rest = False
        self._last = Ending()
        self._peak_rss_mb = 0
        self._cpu_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None and self._place and self._child and self._is_at_rest:
            self._place.park(self._child)
            self._child = None
        self._end(kill=True)

    @property
    def report(self) -> AttemptReport:
        """What the children used: the last exit, the highest memory, the CPU time spent for this extraction.

        A child that rests after its last page is counted as it was then. It has no exit, and its highest memory may
        be an earlier extraction's.
        """
        return AttemptReport(
            exit_code=self._last.exit_code,
            signal=self._last.signal,
            peak_rss_mb=self._peak_rss_mb,
            cpu_s=self._cpu_s,
        )

    def open(self, *, count_all: bool) -> int:
        """Open the PDF in a fresh child and return its page count; `repaired_because` then says whether it was damaged.

        With `count_all` a PDF may have more than `max_pages`, because only some of them are wanted. Raises
        ExtractionFailed, SandboxCrashed or, when no child can be had or the server took it along, SandboxUnavailable.
        """
        max_pages = self._limits.max_pages
        count_to = None if count_all else max_pages + 1
        child, seen = self._open(count_to=count_to)
        if not self._is_repaired and (count_to is None or seen.pages < count_to):
            seen = self._repair(child, seen, count_to)
        if seen.damage:
            raise self._failed(failures.damaged_pdf(seen.damage))
        if seen.pages > max_pages and not count_all:
            raise self._failed(failures.too_many_pages(max_pages))
        return seen.pages

    def read(
        self, numbers: Sequence[int], *, settings: PageSettings = DEFAULT_SETTINGS
    ) -> Iterator[ReadPage | FailedPage]:
        """Yield these pages in this order as they come; raises what `open` raises.

        They need not have been counted: without `open` before, they are read by a parked child or a fresh one.
        `settings` are as `engine/plain.py` has them; with any but `tables`, pdfplumber itself reads the pages.
        """
        todo = deque(numbers)
        if todo and self._child is None and self._place:
            self._child = self._place.take(is_repaired=self._is_repaired)
        while todo:
            yield from self._read_on(todo, settings)
        self._finish()

    def check(self, number: int) -> list[str]:
        """Have a page read both ways, and return which of text, words and tables the engine gives otherwise.

        Raises what `open` raises, SandboxCrashed also where there was nothing to compare.
        """
        child = self._open_again()
        child.send({"check": number})
        try:
            return differences(self._answer(child))
        except (TooSlow, ChildGone, BadFrame) as error:
            raise SandboxCrashed(number, None) from error

    def ask(self, question: Mapping[str, Any], *, slow: Failure, hungry: Failure) -> Frame:
        """Have a fresh child answer one question about the PDF instead of reading it (`worker/rendering/questions.py`).

        Raises what `open` raises, with these failures for want of time or memory, and FrameTooLarge.
        """
        self._end(kill=True)
        try:
            self._child = child = self._spawn()
            self._limit(child)
            child.send({"password": self._password, "is_repaired": self._is_repaired, **question})
            return self._answer(child)
        except TooSlow:
            raise ExtractionFailed(slow) from None
        except ChildGone:
            raise ExtractionFailed(self._lack_of_memory(child, hungry)) from None
        except FrameTooLarge:
            raise
        except BadFrame as error:
            raise SandboxCrashed(None, None) from error
        finally:
            self._end(kill=True)

    def _open(self, *, count_to: int | None) -> tuple[Child, Found]:
        """Let a fresh child open the PDF and count its pages up to `count_to`."""
        self._end(kill=True)
        is_open = False
        try:
            self._child = child = self._spawn()
            seen = found(self._ask_to_open(child, count_to), has_password=self._password is not None)
            is_open = True
        except TooSlow:
            raise ExtractionFailed(failures.open_timeout(self._limits)) from None
        except ChildGone:
            raise ExtractionFailed(self._lack_of_memory(child, failures.open_memory(self._limits))) from None
        except BadFrame as error:
            raise SandboxCrashed(None, None) from error
        finally:
            if not is_open:
                self._end(kill=True)
        return child, seen

    def _open_again(self) -> Child:
        """Let a fresh child open a PDF whose pages were counted before."""
        child, seen = self._open(count_to=1)
        if seen.damage:
            raise self._failed(failures.damaged_pdf(seen.damage))
        return child

    def _repair(self, child: Child, seen: Found, count_to: int | None) -> Found:
        """Ask PDFium for a copy with more pages than pdfplumber saw, and return what holds from now on."""
        child.send({"found": seen.pages})
        try:
            better = repaired(self._answer(child), before=seen)
        except (TooSlow, BadFrame):
            return self._without_pdfium(seen, count_to, is_gone=False)
        except ChildGone:
            return self._without_pdfium(seen, count_to, is_gone=True)
        if better and better.pages:
            self._is_repaired = child.is_repaired = True
            self.repaired_because = failures.repaired_because(seen.damage, found=seen.pages, pages=better.pages)
        return better or seen

    def _without_pdfium(self, seen: Found, count_to: int | None, *, is_gone: bool) -> Found:
        """Go on with what pdfplumber saw after the child was lost to PDFium, or to something from outside."""
        self._end(kill=not is_gone)
        if not seen.damage:
            return self._open(count_to=count_to)[1]
        if self._last.code is None:
            raise SandboxUnavailable("The sandbox's server was lost and the reading process with it; try again.")
        if is_gone and self._last.signal == signal.SIGKILL:
            raise SandboxCrashed(None, signal.SIGKILL)  # Nothing that PDFium does itself: another try may go well.
        return seen

    def _failed(self, failure: Failure) -> ExtractionFailed:
        self._end(kill=True)
        return ExtractionFailed(failure)

    def _ask_to_open(self, child: Child, count_to: int | None) -> Frame:
        self._limit(child)
        child.send({"password": self._password, "count_to": count_to, "is_repaired": self._is_repaired})
        child.is_repaired = self._is_repaired
        return self._answer(child)

    def _limit(self, child: Child) -> None:
        cpu_s = max(1, math.ceil(self._limits.job_timeout_s - self._cpu_s))
        child.send({"memory_mb": self._limits.memory_mb, "cpu_s": cpu_s})

    def _read_on(self, todo: deque[int], settings: PageSettings) -> Iterator[ReadPage | FailedPage]:
        """Let one child read until all is done or a page cost its life; the next child starts with what is left."""
        child = self._child or self._open_again()
        self._is_at_rest = False
        try:
            child.send({"numbers": [*todo], "max_bytes": MAX_PAGE_BYTES, "settings": settings})
            while todo and self._child is child:
                page = self._page(child, todo[0])
                todo.popleft()
                yield page
        except WornOut:
            return
        finally:
            if todo:
                self._end(kill=True)

    def _page(self, child: Child, number: int) -> ReadPage | FailedPage:
        """Wait for one page; where the page fails together with its child, the child is ended.

        Raises WornOut when a fresh child is to try again.
        """
        try:
            page = page_from(self._answer(child), number)
        except TooSlow:
            failure = failures.page_timeout(self._limits)
        except ChildGone:
            failure = self._lack_of_memory(child, failures.page_memory(self._limits), page=number)
        except BadFrame as error:
            failure = self._nonsense(child, error, page=number)
        else:
            child.pages_read += 1
            return page
        self._end(kill=True)
        return failed_page(number, failure)

    def _answer(self, child: Child) -> Frame:
        """Wait for the child's next frame; raises TooSlow, ChildGone, BadFrame or ExtractionFailed."""
        give_up_at = time.monotonic() + self._limits.page_timeout_s
        while (now := time.monotonic()) < self._deadline:
            if now >= give_up_at:
                raise TooSlow
            next_event = min(self._waited_at + TICK_S, give_up_at, self._deadline)
            frame = child.receive(max(0.001, next_event - now))
            held_up = self._wait(is_answered=frame is not None)
            give_up_at, self._deadline = give_up_at + held_up, self._deadline + held_up
            if frame is not None:
                return frame
        raise ExtractionFailed(failures.job_timeout(self._limits))

    def _wait(self, *, is_answered: bool) -> float:
        """Call `on_wait` for each answer, and in between not more often than every tick; return how long it took."""
        now = time.monotonic()
        if is_answered or now >= self._waited_at + TICK_S:
            self._waited_at = now
            self._on_wait()
        return time.monotonic() - now

    def _lack_of_memory(self, child: Child, failure: Failure, *, page: int | None = None) -> Failure:
        """Return the failure if the child died for want of memory; raises what else it died of."""
        self._end(kill=False)
        if self._last.code is None:  # The server tells every death but those that it takes along with its own.
            raise SandboxUnavailable("The sandbox's server was lost and the reading process with it; try again.")
        if self._last.signal == signal.SIGXCPU and not child.is_warm:
            raise ExtractionFailed(failures.job_timeout(self._limits))
        if not child.is_fresh:
            raise WornOut
        if not self._last.lacked_memory(self._limits.memory_mb):
            raise SandboxCrashed(page, self._last.signal)
        return failure

    def _nonsense(self, child: Child, error: BadFrame, *, page: int) -> Failure:
        """Return the failure if what the child sent instead of the page is only too large."""
        if not child.is_fresh:
            raise WornOut from error
        if isinstance(error, FrameTooLarge):
            return failures.PAGE_TOO_LARGE
        raise SandboxCrashed(page, None) from error

    def _finish(self) -> None:
        """Let the child that read all pages rest if it may be parked and is worth it, otherwise let it end."""
        child = self._child
        used = child.usage() if child and self._place else None
        if child and used and is_worth_parking(child, used, self._limits):
            self._is_at_rest = True
            self._count(child, Ending(peak_rss_mb=used.peak_rss_mb, cpu_s=used.cpu_s))
        else:
            self._end(kill=False)

    def _end(self, *, kill: bool) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            self._is_at_rest = False
            self._count(child, child.end(kill=kill))

    def _count(self, child: Child, ending: Ending) -> None:
        """Add to the report what the child used and no report has yet."""
        self._last = ending
        self._peak_rss_mb = max(self._peak_rss_mb, ending.peak_rss_mb)
        self._cpu_s += max(0.0, ending.cpu_s - child.counted_cpu_s)
        child.counted_cpu_s = ending.cpu_s

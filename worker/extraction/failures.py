"""How an extraction can fail: every code with its sentence, and the errors that carry them."""

import re

from shared.claims import Failure
from shared.errors import SheafError, Unavailable
from shared.page_content import storable
from worker.extraction.frames import MAX_PAGE_BYTES
from worker.extraction.limits import Limits

GIST_CHARS = 160
PATH = re.compile(r"(?:/[\w.+@~-]+){2,}/?")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

UNEXPECTED = Failure("internal_error", "Something unexpected went wrong; try again, or see the worker's log.")
SANDBOX_CRASHED = Failure("sandbox_crashed", "The process that read the PDF died several times; try again later.")
PAGE_CRASHED = Failure("page_crashed", "Reading the page ended its process twice; save the PDF anew and upload it.")
FILE_MISSING = Failure("file_missing", "The uploaded file is gone from the store; upload it again.")
PASSWORD_REQUIRED = Failure("password_required", "The PDF is encrypted; give its password and try again.")
PASSWORD_WRONG = Failure("password_wrong", "The password does not open this PDF; check it and try again.")
PAGE_TOO_LARGE = Failure(
    "page_too_large",
    f"The page holds more than {MAX_PAGE_BYTES >> 20} MiB of text and words; split it into smaller pages.",
)


class ExtractionFailed(SheafError):
    """The PDF could not be extracted."""

    code = "extraction_failed"

    def __init__(self, failure: Failure) -> None:
        """Carry the failure that the job's row gets."""
        super().__init__(failure.message)
        self.failure = failure


class SandboxCrashed(SheafError):
    """The process that read the PDF died."""

    code = "sandbox_crashed"
    retryable = True

    def __init__(self, page: int | None, signal: int | None) -> None:
        """`page` was being read (None: the PDF was being opened); `signal` ended the process, if one did."""
        during = "while opening the PDF" if page is None else f"on page {page}"
        super().__init__(f"The process that read the PDF died {during}; try again.")
        self.page = page
        self.signal = signal


class SandboxUnavailable(Unavailable):
    """The sandbox could not be started; look at the worker's log."""

    code = "sandbox_unavailable"


def damaged_pdf(gist: str) -> Failure:
    sentence = f"The PDF cannot be opened ({gist}); save it anew with another program and upload that file."
    return Failure("damaged_pdf", sentence)


def repaired_because(damage: str | None, *, found: int, pages: int) -> str:
    """Say for operators why a document is read from PDFium's copy."""
    why = f" ({damage})" if damage else ""
    return f"pdfplumber finds {found} pages{why}, and {pages} in the copy that PDFium saves"


def too_many_pages(max_pages: int) -> Failure:
    sentence = f"More than {max_pages} pages at once are too many; select some of the pages or split the file."
    return Failure("too_many_pages", sentence)


def no_such_pages(selection: str | None, page_count: int) -> Failure:
    sentence = f"The PDF has {page_count} pages, none of them in the selection {selection}; select other pages."
    return Failure("no_such_pages", sentence)


def open_timeout(limits: Limits) -> Failure:
    sentence = f"Opening the PDF took longer than {limits.page_timeout_s:g} s; save it anew or raise PAGE_TIMEOUT_S."
    return Failure("open_timeout", sentence)


def open_memory(limits: Limits) -> Failure:
    sentence = f"Opening the PDF took more than {limits.memory_mb} MiB; split the file or raise SANDBOX_MEMORY_MB."
    return Failure("open_memory", sentence)


def job_timeout(limits: Limits) -> Failure:
    sentence = (
        f"The extraction took longer than {limits.job_timeout_s:g} s; try again for the remaining pages, "
        "or raise JOB_TIMEOUT_S."
    )
    return Failure("job_timeout", sentence)


def page_error(gist: str) -> Failure:
    sentence = f"The page cannot be read ({gist}); save the PDF anew with another program and upload that file."
    return Failure("page_error", sentence)


def page_timeout(limits: Limits) -> Failure:
    sentence = f"The page took longer than {limits.page_timeout_s:g} s; try again or raise PAGE_TIMEOUT_S."
    return Failure("page_timeout", sentence)


def page_memory(limits: Limits) -> Failure:
    sentence = f"The page took more than {limits.memory_mb} MiB; simplify it or raise SANDBOX_MEMORY_MB."
    return Failure("page_memory", sentence)


def clean_gist(said: object) -> str:
    """Return what a library said about a PDF as one short line without paths, addresses or control characters."""
    visible = "".join(char if char.isprintable() else " " for char in storable(str(said)))
    line = " ".join(ADDRESS.sub("", PATH.sub("…", visible)).split())
    return line if len(line) <= GIST_CHARS else line[: GIST_CHARS - 1] + "…"

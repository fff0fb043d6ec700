"""How making a rendition can fail: every code with its sentence."""

from shared.claims import Failure
from worker.extraction.failures import PASSWORD_REQUIRED, PASSWORD_WRONG
from worker.extraction.limits import Limits

__all__ = ["PASSWORD_REQUIRED", "PASSWORD_WRONG"]

NO_SUCH_PAGE = Failure("no_such_page", "The PDF has no such page that could be drawn.")
PICTURE_TOO_LARGE = Failure("picture_too_large", "The picture has too many bytes; ask for a smaller one, or for WebP.")
NO_SPACE = Failure("storage_full", "The disk of this installation is full; ask its administrator to free space.")


def page_not_drawn(gist: str) -> Failure:
    return Failure("page_not_drawn", f"The page cannot be drawn ({gist}); save the PDF anew and upload that file.")


def information_not_read(gist: str) -> Failure:
    sentence = f"What the document says of itself cannot be read ({gist}); save the PDF anew and upload that file."
    return Failure("information_not_read", sentence)


def too_slow(limits: Limits) -> Failure:
    sentence = f"It took longer than {limits.page_timeout_s:g} s; simplify the PDF or raise PAGE_TIMEOUT_S."
    return Failure("rendition_timeout", sentence)


def too_hungry(limits: Limits) -> Failure:
    sentence = f"It took more than {limits.memory_mb} MiB; simplify the PDF or raise SANDBOX_MEMORY_MB."
    return Failure("rendition_memory", sentence)

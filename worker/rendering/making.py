"""The parent's side: what a job asks for is asked of a sandbox child, and believed only after it was checked."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from shared.claims import Claim, Failure
from shared.document_information import DocumentInformation
from shared.models import JobKind
from shared.page_content import pack
from worker.extraction.extraction import Extraction
from worker.extraction.failures import ExtractionFailed, SandboxCrashed, clean_gist
from worker.extraction.frames import Frame, FrameTooLarge
from worker.extraction.limits import Limits
from worker.rendering import failures

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
SIGNED: Final = {
    "png": lambda content: content.startswith(PNG_SIGNATURE),
    "webp": lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP",
}


def make(extraction: Extraction, held: Claim, *, limits: Limits) -> bytes:
    """Return the picture, or the document's information as compressed JSON.

    Raises ExtractionFailed when it cannot be made, SandboxCrashed or SandboxUnavailable.
    """
    question = "picture" if held.kind == JobKind.RENDERING else "information"
    links_s = limits.page_timeout_s / 3  # Links of a long document may take all the time there is.
    slow, hungry = failures.too_slow(limits), failures.too_hungry(limits)
    try:
        answer = extraction.ask({"question": question, "links_s": links_s, **held.options}, slow=slow, hungry=hungry)
    except FrameTooLarge as error:
        raise ExtractionFailed(failures.PICTURE_TOO_LARGE) from error
    _check_refusal(answer, question, has_password=held.password_sealed is not None)
    return _picture(answer, held.options) if question == "picture" else _information(answer)


def _check_refusal(answer: Frame, question: str, *, has_password: bool) -> None:
    failure: Failure
    match answer.header:
        case {"code": "password"}:
            failure = failures.PASSWORD_WRONG if has_password else failures.PASSWORD_REQUIRED
        case {"code": "no_such_page"}:
            failure = failures.NO_SUCH_PAGE
        case {"code": "error", "gist": gist} if question == "picture":
            failure = failures.page_not_drawn(clean_gist(gist))
        case {"code": "error", "gist": gist}:
            failure = failures.information_not_read(clean_gist(gist))
        case _:
            return
    raise ExtractionFailed(failure)


def _picture(answer: Frame, asked: Mapping[str, Any]) -> bytes:
    """Return the picture if it is one: it goes to browsers, and its child read a foreign file."""
    if len(answer.parts) != 1 or not SIGNED[asked["format"]](answer.parts[0]):
        raise SandboxCrashed(None, None)
    return answer.parts[0]


def _information(answer: Frame) -> bytes:
    """Return the information, written anew from what was understood of it."""
    try:
        (said,) = answer.parts
        information = DocumentInformation.model_validate_json(said)
    except (ValueError, ValidationError) as error:
        raise SandboxCrashed(None, None) from error
    return pack(information.model_dump_json(ensure_ascii=True).encode())

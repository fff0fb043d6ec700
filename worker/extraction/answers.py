"""What a child may answer, checked: it read a foreign file, so its parent believes nothing that it says."""

import json
import math
from typing import Any, get_args

from shared.claims import Failure
from shared.page_content import FailedPage, ReadPage, TextLayer
from worker.extraction import failures
from worker.extraction.failures import ExtractionFailed, clean_gist
from worker.extraction.frames import BadFrame, Frame

MAX_COUNT = 2**31 - 1


def page_count(frame: Frame, *, has_password: bool) -> int:
    """Return how many pages the opened PDF has; raises ExtractionFailed with the reason it cannot be used."""
    match frame.header:
        case {"code": "password"}:
            raise ExtractionFailed(failures.PASSWORD_WRONG if has_password else failures.PASSWORD_REQUIRED)
        case {"code": "damaged", "gist": gist}:
            raise ExtractionFailed(failures.damaged_pdf(clean_gist(gist)))
        case {"pages": 0}:
            raise ExtractionFailed(failures.damaged_pdf("it has no pages"))
        case {"pages": pages} if _is_count(pages):
            return int(pages)
    raise BadFrame("The PDF was neither opened nor refused.")


def page_from(frame: Frame, number: int) -> ReadPage | FailedPage:
    """Return the page that was asked for; raises BadFrame for anything else."""
    match frame.header:
        case {"number": int(found)} if found != number:
            raise BadFrame("This is another page.")
        case {"code": "error", "gist": gist}:
            return failed_page(number, failures.page_error(clean_gist(gist)))
        case {"code": "too_large"}:
            return failed_page(number, failures.PAGE_TOO_LARGE)
        case {"width": int() | float(), "height": int() | float()} as facts if _is_page(facts, frame):
            return _read_page(facts, frame, number)
    raise BadFrame("This is no page.")


def failed_page(number: int, failure: Failure) -> FailedPage:
    return FailedPage(number=number, code=failure.code, message=failure.message)


def _is_page(facts: dict[str, Any], frame: Frame) -> bool:
    layered = facts.get("text_layer") in get_args(TextLayer)
    counted = _is_count(facts.get("table_count")) and math.isfinite(facts["width"]) and math.isfinite(facts["height"])
    return layered and counted and len(frame.parts) == 2 and _are_results(*frame.parts)


def _are_results(content: bytes, words: bytes) -> bool:
    """Say whether both are what later readers, who parse them unguarded, rely on."""
    try:
        match _parse(content), _parse(words):
            case {"text": str(), "tables": list(tables)}, list():
                return all(isinstance(table, dict) and {"bbox", "rows"} <= table.keys() for table in tables)
    except (ValueError, RecursionError):
        return False
    return False


def _parse(document: bytes) -> Any:
    return json.loads(document, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON.")


def _read_page(facts: dict[str, Any], frame: Frame, number: int) -> ReadPage:
    content, words = frame.parts
    return ReadPage(
        number=number,
        width=facts["width"],
        height=facts["height"],
        text_layer=facts["text_layer"],
        table_count=facts["table_count"],
        content=content,
        words=words,
    )


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT

"""What a child may answer, checked: it read a foreign file, so its parent believes nothing that it says."""

import json
import math
from dataclasses import dataclass
from typing import Any, get_args

from pydantic_core import from_json

from shared.claims import Failure
from shared.page_content import FailedPage, ReadPage, TableStrategy, TextLayer
from shared.spans import stored_in
from worker.extraction import failures
from worker.extraction.failures import ExtractionFailed, clean_gist
from worker.extraction.frames import BadFrame, Frame

REASON_CHARS = 200
MAX_COUNT = 2**31 - 1


@dataclass(frozen=True)
class Found:
    """How many pages were found; without any `damage` says why."""

    pages: int
    damage: str | None = None


def found(frame: Frame, *, has_password: bool) -> Found:
    """Return what opening the PDF found; raises ExtractionFailed when it did not open for want of a password."""
    match frame.header:
        case {"code": "password"}:
            raise ExtractionFailed(failures.PASSWORD_WRONG if has_password else failures.PASSWORD_REQUIRED)
        case {"code": "damaged", "gist": gist}:
            return Found(0, clean_gist(gist))
        case {"pages": 0}:
            return Found(0, "it has no pages")
        case {"pages": pages} if _is_count(pages):
            return Found(pages)
    raise BadFrame("The PDF was neither opened nor refused.")


def repaired(frame: Frame, *, before: Found) -> Found | None:
    """Return what the repair found, or None when what was found before still holds."""
    match frame.header:
        case {"code": "unrepaired", "gist": None}:
            return None
        case {"code": "unrepaired", "gist": gist}:
            return Found(0, clean_gist(gist)) if before.damage else None
        case {"pages": pages} if _is_count(pages) and pages > before.pages:
            return Found(pages)
    raise BadFrame("The PDF was neither repaired nor left as it is.")


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


def differences(frame: Frame) -> list[str]:
    """Return which parts of a page the engine gives otherwise than pdfplumber; raises BadFrame when nobody knows."""
    match frame.header:
        case {"differs": list(parts)} if set(parts) <= {"text", "words", "tables"}:
            return parts
    raise BadFrame("The page was not compared.")


def failed_page(number: int, failure: Failure) -> FailedPage:
    return FailedPage(number=number, code=failure.code, message=failure.message)


def _is_page(facts: dict[str, Any], frame: Frame) -> bool:
    layered = facts.get("text_layer") in get_args(TextLayer)
    counted = _is_count(facts.get("table_count")) and math.isfinite(facts["width"]) and math.isfinite(facts["height"])
    explained = _is_reason(facts.get("plain_because"))
    return layered and counted and explained and len(frame.parts) == 3 and _are_results(*frame.parts)


def _is_reason(said: object) -> bool:
    return said is None or (isinstance(said, str) and len(said) <= REASON_CHARS and said.isprintable())


def _are_results(content: bytes, words: bytes, spans: bytes) -> bool:
    """Say whether they are what later readers, who parse them unguarded, rely on."""
    try:
        stored_in(spans)
        match _parse(content), _parse(words):
            case {"text": str(), "tables": list(tables), **more}, list():
                return all(_is_table(table) for table in tables) and _is_placed(more)
    except (ValueError, RecursionError):
        return False
    return False


def _is_placed(more: object) -> bool:
    """Say whether there is nothing more of a page's content than where the corner of its picture lies."""
    match more:
        case {"corner": [int() | float(), int() | float()], **others}:
            return not others
    return not more


def _is_table(table: Any) -> bool:
    """Say whether this is a table: a box, rows of texts and blanks, and how it was found if it was by `tables=auto`."""
    match table:
        case {"bbox": [_, _, _, _] as bbox, "rows": list(rows)}:
            more = {name: value for name, value in table.items() if name not in {"bbox", "rows"}}
            boxed = all(corner is None or isinstance(corner, (int, float)) for corner in bbox)
            return boxed and all(_is_row(row) for row in rows) and _is_explained(more)
    return False


def _is_row(row: object) -> bool:
    return isinstance(row, list) and all(cell is None or isinstance(cell, str) for cell in row)


def _is_explained(more: dict[str, Any]) -> bool:
    match more:
        case {"confidence": int() | float() as confidence, "strategy": strategy, **others}:
            return not others and 0 <= confidence <= 1 and strategy in get_args(TableStrategy)
    return not more


def _parse(document: bytes) -> Any:
    """Parse fast, or the slow way where a lone surrogate is escaped, which the fast one does not take."""
    try:
        return from_json(document, allow_inf_nan=False)
    except ValueError:
        return json.loads(document, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON.")


def _read_page(facts: dict[str, Any], frame: Frame, number: int) -> ReadPage:
    content, words, spans = frame.parts
    return ReadPage(
        number=number,
        width=facts["width"],
        height=facts["height"],
        text_layer=facts["text_layer"],
        table_count=facts["table_count"],
        content=content,
        words=words,
        spans=spans,
        plain_because=facts.get("plain_because"),
    )


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT

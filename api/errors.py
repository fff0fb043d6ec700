"""Errors at the edge: our tree and the framework's own become problem details (RFC 9457) with a status number."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, computed_field
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.security_headers import FOR_DATA
from shared.errors import (
    Conflict,
    Forbidden,
    Invalid,
    InvalidField,
    NotFound,
    SheafError,
    StorageFull,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from shared.storage import DISK_FULL

STATUS: Mapping[type[SheafError], int] = {
    InvalidField: 422,
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    TooManyRequests: 429,
    Unavailable: 503,
    StorageFull: 507,
    SheafError: 500,
}
RETRY_AFTER_S = 2
POSTGRES_DISK_FULL = "53100"  # PostgreSQL, appendix A.
RETRY_AFTER_HEADER = {
    "Retry-After": {"description": "Seconds until another try is worth while.", "schema": {"type": "integer"}}
}
# Python's own names of these changed with 3.13; a code that clients rely on must not.
RFC_9110_NAMES = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable"}
log = structlog.get_logger(__name__)


class FieldError(BaseModel):
    """What is wrong with one field; `pointer` is its RFC 6901 JSON pointer."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """An error as every client sees it; `error` repeats `title`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str = ""
    retryable: bool = False
    errors: list[FieldError] | None = None

    @computed_field  # type: ignore[prop-decorator]  # pydantic's documented use.
    @property
    def error(self) -> str:
        return self.title


def install(app: FastAPI) -> None:
    """Register one handler for each family of errors."""
    app.add_exception_handler(SheafError, _on_sheaf_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for lost in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(lost, _on_lost_database)
    app.add_exception_handler(DataError, _on_unstorable)
    app.add_exception_handler(Exception, _on_defect)


def responses(*errors: type[SheafError]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of the errors an operation may answer with, besides 400, 401, 422 and 503."""
    documented: dict[int | str, dict[str, Any]] = {}
    every: list[type[SheafError]] = [*errors, Invalid, Unauthenticated, InvalidField, Unavailable]
    for error in every:
        known = documented.setdefault(status_of(error), {"model": Problem, "description": ""})
        known["description"] = ", ".join(filter(None, (known["description"], f"`{error.code}`")))
        if status_of(error) in (429, 503):
            known["headers"] = RETRY_AFTER_HEADER
    return documented


def status_of(error: type[SheafError]) -> int:
    return next(STATUS[family] for family in error.__mro__ if family in STATUS)


def _on_sheaf_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SheafError)  # noqa: S101 — Starlette's signature is wider than its calls.
    problem = Problem(
        title=error.title(),
        status=status_of(type(error)),
        detail=error.detail,
        code=error.code,
        retryable=error.retryable,
    )
    if isinstance(error, InvalidField):
        problem.errors = [FieldError(pointer=error.pointer, code=error.code, detail=error.detail)]
    return _answer(request, problem, _headers_for(problem.status, error.retry_after))


def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 — As above.
    fields = [
        FieldError(pointer=_pointer(fault["loc"]), code=fault["type"], detail=fault["msg"]) for fault in error.errors()
    ]
    detail = "; ".join(f"{field.pointer}: {field.detail}" for field in fields)
    problem = Problem(title=InvalidField.title(), status=422, detail=detail, code=InvalidField.code, errors=fields)
    return _answer(request, problem)


def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 — As above.
    title = RFC_9110_NAMES.get(error.status_code) or HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "_").replace("-", "_")
    detail = f"{title}: {request.method} {request.url.path}" if error.detail == title else str(error.detail)
    return _answer(request, Problem(title=title, status=error.status_code, detail=detail, code=code), error.headers)


def _on_lost_database(request: Request, error: Exception) -> JSONResponse:
    """Without space Postgres still answers, so that reading and deleting go on; else nothing does."""
    log.warning("database is not available", error=str(error))
    if getattr(getattr(error, "orig", None), "sqlstate", None) == POSTGRES_DISK_FULL:
        return _on_sheaf_error(request, StorageFull(DISK_FULL))
    return _on_sheaf_error(request, Unavailable("The database is not available at the moment; try again soon."))


def _on_unstorable(request: Request, _error: Exception) -> JSONResponse:
    """Postgres's text takes no U+0000 and its integers have limits; no valid value of ours is near either."""
    return _on_sheaf_error(request, Invalid("A value has a character or a size that cannot be stored; correct it."))


def _on_defect(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error", exc_info=error)
    detail = "This is a defect of Sheaf, not of your request; report it with the request_id."
    problem = Problem(title="Internal error", status=500, detail=detail, code="internal_error", retryable=True)
    return _answer(request, problem, FOR_DATA)  # This answer passes no middleware.


def _answer(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    problem.request_id = request.scope.get("state", {}).get("request_id", "")
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        problem.status,
        headers={**(headers or {}), "X-Request-Id": problem.request_id},
        media_type="application/problem+json",
    )


def _headers_for(status: int, retry_after: float | None) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if retry_after is None:
        return {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503) else {}
    return {"Retry-After": str(max(1, math.ceil(retry_after)))}


def _pointer(location: Sequence[int | str]) -> str:
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in location[1:])

"""The OpenAPI document: what FastAPI says of the routes, with what is the same for many of them.

Errors stand under the media type that they are sent with, and answers with an `ETag` have a 304 beside them.
"""

from typing import Any

from fastapi import FastAPI

METHODS = ("get", "put", "post", "patch", "delete")
PROBLEM = "application/problem+json"
WITH_ETAG = frozenset({"documents", "jobs", "tables", "search", "chat"})  # By their last tag, all that they GET.
WITHOUT_ETAG = frozenset({"exportDocument"})  # Written while it is sent.
NOT_MODIFIED = {"description": "The client has it already, as `If-None-Match` says."}


def install(app: FastAPI) -> None:
    """Correct the document once, when it is first asked for."""
    describe = app.openapi

    def corrected() -> dict[str, Any]:
        if app.openapi_schema is None:
            for item in describe()["paths"].values():
                for method in item.keys() & METHODS:
                    _correct(item[method]["responses"])
                _add_not_modified(item.get("get"))
        return describe()

    app.openapi = corrected  # type: ignore[method-assign]  # FastAPI's documented way.


def _correct(responses: dict[str, dict[str, Any]]) -> None:
    for status, response in responses.items():
        if status >= "400" and "content" in response:
            response["content"] = {PROBLEM: next(iter(response["content"].values()))}


def _add_not_modified(operation: dict[str, Any] | None) -> None:
    if operation is None or operation.get("operationId") in WITHOUT_ETAG:
        return
    if operation.get("tags", [""])[-1] in WITH_ETAG:
        operation["responses"].setdefault("304", NOT_MODIFIED)

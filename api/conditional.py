"""Answers with a strong ETag (RFC 9110, section 8.8.3), or 304 when the client has them already."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel


def json_answer(
    request: Request, body: BaseModel | dict[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Render a body as ASCII JSON, so that lone surrogates of broken PDFs survive the way."""
    data = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
    content = json.dumps(data, separators=(",", ":")).encode()
    return tagged(request, content, media_type="application/json", status=status, headers=headers)


def tagged(
    request: Request,
    content: bytes,
    *,
    media_type: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    every = {"ETag": etag, "Cache-Control": "private, no-cache", **(headers or {})}
    if request.method == "GET" and matches(request, etag):
        return Response(status_code=304, headers=every)
    return Response(content, status, every, media_type)


def matches(request: Request, etag: str) -> bool:
    """Say whether the client has this representation already (RFC 9110, section 13.1.2)."""
    header = request.headers.get("if-none-match", "")
    candidates = [part.strip().removeprefix("W/") for part in header.split(",")]
    return etag in candidates or "*" in candidates

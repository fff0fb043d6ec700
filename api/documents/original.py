"""Serving the original file: as an attachment, whole or one range of it (RFC 9110, section 14)."""

import re
from urllib.parse import quote

from fastapi import HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from api.conditional import matches
from shared.errors import NotFound
from shared.models import Document
from shared.storage import BlobStore


class FileLost(NotFound):
    """The original file is not there any more."""

    code = "file_missing"


RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def original_file(request: Request, blobs: BlobStore, document: Document) -> Response:
    etag = f'"{document.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(document.filename, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "private, no-cache",
    }
    if matches(request, etag):
        return Response(status_code=304, headers=headers)
    check_blob(blobs, document)
    wanted = request.headers.get("range") if request.headers.get("if-range", etag) == etag else None
    return _answer(blobs, document, headers, parse_range(wanted, document.size))


def _answer(blobs: BlobStore, document: Document, headers: dict[str, str], span: range | None) -> Response:
    if span is not None and len(span) == 0:
        raise HTTPException(416, f"The file has {document.size} bytes.", {"Content-Range": f"bytes */{document.size}"})
    start, end = (span.start, span.stop) if span is not None else (0, document.size)
    headers["Content-Length"] = str(end - start)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{document.size}"
    body = blobs.read(document.blob_key, start=start, end=end)
    return StreamingResponse(body, 200 if span is None else 206, headers, "application/pdf")


def check_blob(blobs: BlobStore, document: Document) -> None:
    """Find out before the answer has begun: after its status line nothing can be taken back."""
    try:
        blobs.size(document.blob_key)
    except FileNotFoundError as error:
        raise FileLost("The file is gone from the store; upload it again.") from error


def parse_range(header: str | None, size: int) -> range | None:
    """Return the wanted span, empty when it lies outside; None (all of it) for no, several or odd ranges."""
    match = RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size) if int(last) else range(0)
    stop = min(int(last) + 1, size) if last else size
    if last and int(last) < int(first):
        return None
    return range(int(first), stop) if int(first) < size else range(0)

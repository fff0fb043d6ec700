"""`sheaf list`, `status` and `open`: which documents there are, and how far they are."""

import webbrowser
from itertools import islice
from typing import Any
from uuid import UUID

from cli.client.server import Server
from cli.client.terminal import line, note, record
from cli.documents.bars import Bars
from cli.documents.following import FINAL_STATES, follow, pages_done, why
from cli.documents.outcomes import row

GOOD = frozenset({"queued", "running", "succeeded"})


def list_documents(server: Server, *, status: str | None, limit: int | None, as_json: bool) -> int:
    """Print a document a line, newest first, as they come."""
    found = server.walk("/documents", **({"status": status} if status else {}))
    for document in islice(found, limit):
        if as_json:
            record(document)
        else:
            line(*row(document), document["filename"])
    return 0


def show_status(server: Server, document_id: UUID, *, watch: bool, as_json: bool) -> int:
    """Print how far a document is; 1 when it has ended without all of its pages."""
    document = server.json("GET", f"/documents/{document_id}")
    if watch:
        with Bars(files=1, size=0, reads=True) as bars:
            document = follow(server, document, bars.read)
    if as_json:
        record(document)
    else:
        _describe(document)
    return int(document["status"] not in GOOD)


def open_document(server: Server, document_id: UUID, *, as_json: bool) -> int:
    """Show a document in the browser, if there is one; print its address in any case."""
    server.json("GET", f"/documents/{document_id}")
    url = f"{server.address}/#/documents/{document_id}"
    if as_json:
        record({"id": str(document_id), "url": url})
    else:
        line(url)
    webbrowser.open(url)
    return 0


def _describe(document: dict[str, Any]) -> None:
    line(*row(document), document["filename"])
    if document["status"] not in FINAL_STATES:
        note(_how_far(document))
    elif reason := why(document):
        note(reason)


def _how_far(document: dict[str, Any]) -> str:
    done, total = pages_done(document)
    if total:
        return f"{done} of {total} pages are read."
    place = document["job"]["queue_position"]
    return f"it waits at place {place}." if place else "it is being opened."

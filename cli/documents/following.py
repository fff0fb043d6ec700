"""Follows a document until its job has ended."""

from collections.abc import Callable
from typing import Any

from cli.client.server import Server

FINAL_STATES = frozenset({"succeeded", "partial", "failed", "canceled"})
WAIT_S = 20


def follow(
    server: Server, document: dict[str, Any], on_change: Callable[[dict[str, Any]], object] = lambda _: None
) -> dict[str, Any]:
    """Return the document as it is at its end; `on_change` sees it as it is on the way."""
    while document["status"] not in FINAL_STATES:
        on_change(document)
        document = next_state(server, document)
    on_change(document)
    return document


def next_state(server: Server, document: dict[str, Any]) -> dict[str, Any]:
    """Wait until the document is another than this one, for some seconds at most."""
    return server.json("GET", f"/documents/{document['id']}", params={"wait": WAIT_S, "rev": document["rev"]})


def pages_done(document: dict[str, Any]) -> tuple[int, int | None]:
    """Return how many pages are through, and of how many, once that is known."""
    progress = document["job"]["progress"]
    return progress["pages_done"] + progress["pages_failed"], progress["pages_total"]


def why(document: dict[str, Any]) -> str | None:
    """Return in a sentence why a document that has ended is not complete."""
    if document["status"] not in FINAL_STATES or document["status"] == "succeeded":
        return None
    error = document["job"].get("error")
    if error:
        return str(error["message"])
    failed = document["job"].get("failed_pages") or []
    return f"{len(failed)} pages could not be read." if failed else "It was canceled."

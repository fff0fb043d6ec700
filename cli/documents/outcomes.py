"""What became of each file of a command: printed as it is known, and counted at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.client.terminal import counted, line, note, record
from cli.documents.following import FINAL_STATES, why


@dataclass(frozen=True)
class Outcome:
    """One file; `error` says in a sentence why it is not what was wanted."""

    file: Path
    document: dict[str, Any] | None = None
    was_sent: bool = False
    error: str | None = None
    saved: Sequence[Path] = field(default=())


def tell(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        record(_as_json(outcome))
        return
    document = outcome.document
    if document is not None:
        line(*row(document), outcome.file)
    if outcome.error:
        note(f"{outcome.file}: {outcome.error}")


def row(document: dict[str, Any]) -> tuple[str, str, str]:
    """Return what a line says of a document first."""
    pages = "" if document["page_count"] is None else counted(document["page_count"], "page")
    return document["id"], f"{document['status']:<9}", f"{pages:>10}"


def summarize(outcomes: Sequence[Outcome]) -> int:
    """Say how it went and return the exit code."""
    failed = sum(outcome.error is not None for outcome in outcomes)
    documents = [outcome.document for outcome in outcomes if outcome.document and outcome.error is None]
    read = sum(document["status"] in FINAL_STATES for document in documents)
    there = sum(outcome.document is not None and not outcome.was_sent for outcome in outcomes)
    numbers = {"read": read, "waiting": len(documents) - read, "failed": failed, "here before": there}
    said = ", ".join(f"{number} {what}" for what, number in numbers.items() if number)
    note(f"{counted(len(outcomes), 'file')}: {said}.")
    return 1 if failed else 0


def ended(outcome: Outcome, document: dict[str, Any], saved: Sequence[Path] = ()) -> Outcome:
    """Return the outcome once its document has ended."""
    return Outcome(outcome.file, document, outcome.was_sent, why(document), saved)


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "file": str(outcome.file),
        "sent": outcome.was_sent,
        "error": outcome.error,
        "saved": [str(file) for file in outcome.saved],
        "document": outcome.document,
    }

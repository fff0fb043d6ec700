"""`sheaf delete`, `retry` and `cancel`."""

import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from cli.client.errors import CommandFailed, Refused
from cli.client.server import Server
from cli.client.terminal import line, note, record


def delete(server: Server, ids: Sequence[UUID], *, yes: bool, as_json: bool) -> int:
    """Erase documents; on a terminal only after asking."""
    if not yes and sys.stdin.isatty() and not _confirmed(f"Erase {len(ids)} documents with all that was found? [y/N] "):
        raise CommandFailed("nothing was erased.")
    return max(_delete(server, document_id, as_json=as_json) for document_id in ids)


def retry(server: Server, document_id: UUID, *, as_json: bool) -> int:
    """Read again what failed; a repeat of the request makes no second job."""
    path = f"/jobs/{_job_of(server, document_id)}/retry"
    return _tell(server.json("POST", path, headers={"Idempotency-Key": str(uuid4())}, patience_s=20), as_json=as_json)


def cancel(server: Server, document_id: UUID, *, as_json: bool) -> int:
    return _tell(server.json("POST", f"/jobs/{_job_of(server, document_id)}/cancel"), as_json=as_json)


def _job_of(server: Server, document_id: UUID) -> str:
    return str(server.json("GET", f"/documents/{document_id}")["job"]["id"])


def _tell(job: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        record(job)
    else:
        line(job["document_id"], job["state"])
    return 0


def _delete(server: Server, document_id: UUID, *, as_json: bool) -> int:
    try:
        server.request("DELETE", f"/documents/{document_id}")
    except Refused as refusal:
        note(f"{document_id}: {refusal}")
        return 1
    if as_json:
        record({"id": str(document_id), "deleted": True})
    else:
        line(document_id, "deleted")
    return 0


def _confirmed(question: str) -> bool:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")

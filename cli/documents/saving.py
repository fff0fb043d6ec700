"""Writes what was found in documents into files of a folder; also the command `sheaf get`."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

from cli.client.errors import CommandFailed, WrongUse
from cli.client.server import Server
from cli.client.terminal import line, note, record

# What is asked for below /documents/{id}, with which parameters; the names are the endings of the files.
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "md": ("export", {"format": "markdown"}),
    "txt": ("text", {"format": "plain"}),
    "json": ("export", {"format": "json"}),
    "xlsx": ("tables.xlsx", {}),
    "pdf": ("file", {}),
}
TABLES = "csv"  # A file for each table.
KNOWN = (*FORMS, TABLES)


class Folder:
    """A folder for results; no two documents of a run get the same name in it."""

    def __init__(self, path: Path, forms: str) -> None:
        """Take the forms as people write them, such as `md,csv`; raises WrongUse for others."""
        self._path = path
        self._forms = [form.strip().lower() for form in forms.split(",") if form.strip()]
        self._owners: dict[Path, str] = {}
        if unknown := [form for form in self._forms if form not in KNOWN] or not self._forms:
            raise WrongUse(f"--to: takes {', '.join(KNOWN)}, comma-separated, not {unknown or forms!r}.")

    def save(self, server: Server, document: dict[str, Any], name: Path | None = None) -> list[Path]:
        """Write all forms of a document and return the files; `name` is a path below the folder, without ending."""
        base = self._own(self._path / (name or safe_name(document["filename"])), document["id"])
        base.parent.mkdir(parents=True, exist_ok=True)
        return [file for form in self._forms for file in self._write(server, document, base, form)]

    def _own(self, base: Path, document_id: str) -> Path:
        if self._owners.setdefault(base, document_id) != document_id:
            base = base.with_name(f"{base.name}-{document_id[-12:]}")
        return base

    def _write(self, server: Server, document: dict[str, Any], base: Path, form: str) -> Iterator[Path]:
        path = f"/documents/{document['id']}"
        if form != TABLES:
            asked, parameters = FORMS[form]
            yield fetch(server, f"{path}/{asked}", base.with_name(f"{base.name}.{form}"), **parameters)
            return
        for table in server.json("GET", f"{path}/tables")["data"]:
            number = table["number"]
            yield fetch(server, f"{path}/tables/{number}.csv", base.with_name(f"{base.name}-table-{number}.csv"))


def fetch(server: Server, path: str, file: Path, **parameters: str) -> Path:
    """Write an answer into a file, complete or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with server.stream(path, **parameters) as response, draft.open("wb") as target:
            for piece in response.iter_bytes():
                target.write(piece)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return file


def get(server: Server, ids: Sequence[UUID], *, out: Path, to: str, as_json: bool) -> int:
    """Save each document; go on with the next when one fails."""
    folder, code = Folder(out, to), 0
    for document_id in ids:
        try:
            document = server.json("GET", f"/documents/{document_id}")
            files = folder.save(server, document)
        except (CommandFailed, OSError) as error:
            note(f"{document_id}: {error}")
            code = 1
            continue
        if as_json:
            record({"id": document["id"], "saved": [str(file) for file in files]})
        else:
            for file in files:
                line(file)
    return code


def safe_name(filename: str) -> Path:
    """Return a name without an ending that stays in its folder, whatever somebody called the document."""
    name = PurePosixPath(filename.replace("\\", "/").replace("\0", "")).name
    return Path(PurePosixPath(name).stem.lstrip(".") or "document")

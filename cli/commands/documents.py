"""Commands of documents."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli.commands.calls import AsJson, Forms, OutFolder, Tables, ask
from cli.commands.sections import DOCUMENTS

Id = Annotated[UUID, typer.Argument(metavar="ID", help="A document's id.")]
Ids = Annotated[list[UUID], typer.Argument(metavar="ID...", help="Documents' ids.")]
Recursive = Annotated[bool, typer.Option("-r", "--recursive", help="Folders with their subfolders.")]
Pages = Annotated[str | None, typer.Option(help="Only these pages, such as 1-5,9.")]
Senders = Annotated[int, typer.Option("-j", "--jobs", min=1, max=32, help="How many files are sent at a time.")]
PasswordFile = Annotated[Path | None, typer.Option(help="A file with the password of encrypted PDFs; - for input.")]


def add_to(app: typer.Typer) -> None:
    commands: dict[str, Callable[..., None]] = {
        "upload": upload,
        "watch": watch,
        "list": list_documents,
        "status": status,
        "open": open_document,
        "text": text,
        "tables": tables,
        "get": get,
        "search": search,
        "retry": retry,
        "cancel": cancel,
        "delete": delete,
    }
    for name, command in commands.items():
        app.command(name, rich_help_panel=DOCUMENTS)(command)


def upload(  # noqa: PLR0913 — one for each option of the command line.
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="PDFs and folders of PDFs.")],
    *,
    recursive: Recursive = False,
    jobs: Senders = 3,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until all are read.")] = True,
    pages: Pages = None,
    password_file: PasswordFile = None,
    tables: Tables = "default",
    out: OutFolder = None,
    to: Forms = None,
    as_json: AsJson = False,
) -> None:
    """Send PDFs and wait until they are read. What was sent before is not sent again."""
    given = {"pages": pages, "password_file": password_file, "tables": tables, "out": out, "to": to}
    options = {"recursive": recursive, "senders": jobs, "wait": wait, "as_json": as_json, **given}
    ask("cli.documents.uploading", "upload", paths, **options)


def list_documents(
    *,
    status: Annotated[str | None, typer.Option(help="queued, running, succeeded, partial, failed, canceled.")] = None,
    limit: Annotated[int | None, typer.Option("-n", "--limit", min=1, help="At most so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """List your documents, newest first."""
    ask("cli.documents.listing", "list_documents", status=status, limit=limit, as_json=as_json)


def status(
    document_id: Id,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Wait for its end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say how far a document is. Exit code 1: it ended without all of its pages."""
    ask("cli.documents.listing", "show_status", document_id, watch=watch, as_json=as_json)


def open_document(document_id: Id, *, as_json: AsJson = False) -> None:
    """Show a document in the browser."""
    ask("cli.documents.listing", "open_document", document_id, as_json=as_json)


def text(
    document_id: Id,
    *,
    page: Annotated[str | None, typer.Option(help="Only these pages, such as 3 or 1-5.")] = None,
    layout: Annotated[bool, typer.Option("--layout", help="As it stands on the page.")] = False,
    reading: Annotated[bool, typer.Option("--reading", help="In the order of reading.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the text of a document."""
    chosen = [name for name, on in {"layout": layout, "reading": reading, "markdown": markdown}.items() if on]
    if len(chosen) > 1:
        raise typer.BadParameter(f"--{chosen[0]} and --{chosen[1]} exclude each other.")
    form = chosen[0] if chosen else "plain"
    ask("cli.documents.contents", "show_text", document_id, form=form, pages=page, as_json=as_json)


def tables(
    document_id: Id,
    *,
    table: Annotated[int | None, typer.Option(min=1, help="Only this one, counted from 1.")] = None,
    to: Annotated[str | None, typer.Option(help="csv, xlsx, md or json.")] = None,
    file: Annotated[Path | None, typer.Option("-o", "--output", help="Into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the tables of a document, or write them into a file."""
    ask("cli.documents.contents", "show_tables", document_id, number=table, to=to, file=file, as_json=as_json)


def get(
    ids: Ids,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into.")],
    to: Annotated[str, typer.Option(help="Which: md, txt, json, csv, xlsx, pdf; comma-separated.")] = "md",
    as_json: AsJson = False,
) -> None:
    """Write what was found in documents into files."""
    ask("cli.documents.saving", "get", ids, out=out, to=to, as_json=as_json)


def delete(
    ids: Ids, *, yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False, as_json: AsJson = False
) -> None:
    """Erase documents with everything that was found."""
    ask("cli.documents.changing", "delete", ids, yes=yes, as_json=as_json)


def retry(document_id: Id, *, as_json: AsJson = False) -> None:
    """Read again what failed of a document."""
    ask("cli.documents.changing", "retry", document_id, as_json=as_json)


def cancel(document_id: Id, *, as_json: AsJson = False) -> None:
    """Stop the reading of a document."""
    ask("cli.documents.changing", "cancel", document_id, as_json=as_json)


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help='Also "a phrase", begin*, -without.')],
    *,
    document: Annotated[UUID | None, typer.Option(help="Only in this document.")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most so many pages.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find the pages on which words stand. Write -- before words that begin with a dash."""
    ask("cli.documents.searching", "search", " ".join(words), document_id=document, limit=limit, as_json=as_json)


def watch(  # noqa: PLR0913 — one for each option of the command line.
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to look at.")],
    *,
    recursive: Recursive = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 2,
    password_file: PasswordFile = None,
    tables: Tables = "default",
    out: OutFolder = None,
    to: Forms = None,
    as_json: AsJson = False,
) -> None:
    """Send whatever appears in a folder, until Ctrl-C."""
    given = {"password_file": password_file, "tables": tables, "out": out, "to": to}
    options = {"every_s": every, "recursive": recursive, "as_json": as_json, **given}
    ask("cli.documents.watching", "watch", folder, **options)

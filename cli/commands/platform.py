"""Commands that run a platform and look after it."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.calls import AsJson, finish
from cli.commands.sections import RUN

Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Where the API listens; 0 takes a free port.")]


def add_to(app: typer.Typer) -> None:
    for command in (up, demo, doctor, migrate, audit, backup, restore):
        app.command(rich_help_panel=RUN)(command)


def up(port: Port = None) -> None:
    """Start everything and run until Ctrl-C. It prints `ready ADDRESS` when all of it can work."""
    finish("cli.up.command", "up", port=port)


def demo(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="PDFs; a sample by default.")] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop when the results are shown.")] = False,
    port: Port = None,
) -> None:
    """Start everything and show what comes out of PDFs. They go to a demo account."""
    finish("cli.demo", "demo", files or [], once=once, port=port)


def doctor(*, as_json: AsJson = False) -> None:
    """Look for what will not do: settings, stores, sandbox, disk, secrets. Exit code 1: something will not."""
    finish("cli.doctor.command", "doctor", as_json=as_json)


def migrate() -> None:
    """Bring the database at DATABASE_URL to the current schema."""
    finish("cli.migrate", "migrate")


def audit(
    *,
    as_json: AsJson = False,
    blobs: Annotated[bool, typer.Option("--blobs", help="Look for every file in the blob store as well.")] = False,
) -> None:
    """Say whether everything is all right. Exit code 1: a check is violated; 2: it could not be found out."""
    finish("cli.audit", "audit", as_json=as_json, blobs=blobs)


def backup(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist.")]) -> None:
    """Save database, files and signing key into a folder. Work goes on meanwhile."""
    finish("cli.backup.command", "backup", folder)


def restore(folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `backup` wrote.")]) -> None:
    """Bring a backup back into an empty database. Nothing may run meanwhile."""
    finish("cli.backup.command", "restore", folder)

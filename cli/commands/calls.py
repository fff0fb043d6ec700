"""Calls the function behind a command; its module is imported only then, so that `--help` answers at once."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines: one object, or one a line for many.")]
OutFolder = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write results into this folder.")]
Forms = Annotated[str | None, typer.Option("--to", help="Which: md, txt, json, csv, xlsx, pdf; comma-separated.")]
Tables = Annotated[str, typer.Option(help="`auto` also finds tables without rules.")]


def finish(module: str, function: str, *arguments: Any, **options: Any) -> NoReturn:
    """End with the exit code that the function returns."""
    raise typer.Exit(_found(module, function)(*arguments, **options))


def ask(module: str, function: str, *arguments: Any, **options: Any) -> NoReturn:
    """Call a function whose first argument is the server that somebody is signed in at."""
    finish("cli.client.command", "run_signed_in", _found(module, function), *arguments, **options)


def try_to(module: str, function: str, *arguments: Any, **options: Any) -> NoReturn:
    """Call a function that speaks to a server as nobody yet."""
    finish("cli.client.command", "run", _found(module, function), *arguments, **options)


def _found(module: str, function: str) -> Any:
    return getattr(import_module(module), function)

"""The commands of `./sheaf`; each imports what it needs when it runs, so that `--help` answers at once."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Sheaf gets text, words and tables out of PDFs.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # Importing rich for the help alone takes half a second.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
admin = typer.Typer(help="Accounts of this installation.", no_args_is_help=True)
app.add_typer(admin, name="admin")

PASSED_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": ["--sheaf-help"]}
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Where the API listens; 0 takes a free port.")]


def _finish(module: str, function: str, *arguments: Any, **options: Any) -> None:
    raise typer.Exit(getattr(import_module(module), function)(*arguments, **options))


@app.command()
def up(port: Port = None) -> None:
    """Start everything and run until Ctrl-C; prints `ready ADDRESS` when all of it can work."""
    _finish("cli.up.command", "up", port=port)


@app.command()
def demo(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="PDFs; a sample by default.")] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop when the results are shown.")] = False,
    port: Port = None,
) -> None:
    """Start everything, upload PDFs to a demo account and show what comes out of them."""
    _finish("cli.demo", "demo", files or [], once=once, port=port)


@app.command()
def migrate() -> None:
    """Bring the database at DATABASE_URL to the current schema."""
    _finish("cli.migrate", "migrate")


@app.command()
def audit(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")] = False,
    blobs: Annotated[bool, typer.Option("--blobs", help="Look for every file in the blob store as well.")] = False,
) -> None:
    """Say whether everything is all right; 1 when a check is violated, 2 when it could not be found out."""
    _finish("cli.audit", "audit", as_json=as_json, blobs=blobs)


@admin.command("create-user")
def create_user(
    email: Annotated[str, typer.Option(help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="The name that others see.")],
    role: Annotated[str, typer.Option(help="`user` or `admin`.")] = "user",
) -> None:
    """Make an account; the password comes from the terminal or from SHEAF_PASSWORD."""
    _finish("cli.admin", "create_account", email, name=name, role=role)


@app.command(context_settings=PASSED_THROUGH)
def test(context: typer.Context) -> None:
    """Run the tests; arguments go to pytest, `--faults` adds the long fault runs."""
    _finish("cli.quality", "test", context.args)


@app.command()
def check() -> None:
    """Run formatter, linter, type checker and import contracts."""
    _finish("cli.quality", "check")

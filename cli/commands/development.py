"""Commands for those who change Sheaf."""

import typer

from cli.commands.calls import finish
from cli.commands.sections import DEVELOP

PASSED_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": ["--sheaf-help"]}


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel=DEVELOP, context_settings=PASSED_THROUGH)(test)
    app.command(rich_help_panel=DEVELOP)(check)
    app.command(rich_help_panel=DEVELOP, context_settings=PASSED_THROUGH)(bench)


def test(context: typer.Context) -> None:
    """Run the tests. Arguments go to pytest, `--faults` adds the long fault runs."""
    finish("cli.quality", "test", context.args)


def check() -> None:
    """Run formatter, linter, type checker and import contracts."""
    finish("cli.quality", "check")


def bench(context: typer.Context) -> None:
    """Measure everything against bare counterparts, and print one table. Give a folder of PDFs."""
    finish("cli.quality", "bench", context.args)

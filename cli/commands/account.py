"""Commands of one's own account."""

from typing import Annotated

import typer

from cli.commands.calls import AsJson, ask, try_to
from cli.commands.sections import ACCOUNT


def add_to(app: typer.Typer) -> None:
    for command in (login, logout, whoami):
        app.command(rich_help_panel=ACCOUNT)(command)


def login(
    url: Annotated[str | None, typer.Option(help="Where the API is; else SHEAF_URL, or where you were last.")] = None,
    email: Annotated[str | None, typer.Option(help="Your address; asked for if not given.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Sign in. The password comes from the terminal or from SHEAF_PASSWORD."""
    try_to("cli.account.signing_in", "login", url=url, email=email, as_json=as_json)


def logout(*, as_json: AsJson = False) -> None:
    """Sign out, here and on the server."""
    try_to("cli.account.signing_in", "logout", as_json=as_json)


def whoami(*, as_json: AsJson = False) -> None:
    """Say as whom you are signed in, and where."""
    ask("cli.account.signing_in", "whoami", as_json=as_json)

"""Commands of administrators."""

from typing import Annotated

import typer

from cli.commands.calls import AsJson, ask, finish
from cli.commands.sections import ADMINISTER, new_group


def add_to(app: typer.Typer) -> None:
    admin = new_group(about="Accounts and queues of this installation.")
    admin.command("create-user")(create_user)
    admin.command()(users)
    admin.command()(queues)
    admin.command()(actions)
    app.add_typer(admin, name="admin", rich_help_panel=ADMINISTER)


def create_user(
    email: Annotated[str, typer.Option(help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="The name that others see.")],
    role: Annotated[str, typer.Option(help="`user` or `admin`.")] = "user",
) -> None:
    """Make an account, here; the password comes from the terminal or from SHEAF_PASSWORD."""
    finish("cli.administration.accounts", "create_account", email, name=name, role=role)


def users(
    words: Annotated[str | None, typer.Argument(help="Part of a name or address.")] = None, *, as_json: AsJson = False
) -> None:
    """List the accounts; for administrators who are signed in."""
    ask("cli.administration.users", "list_users", words=words, as_json=as_json)


def actions(
    account: Annotated[int | None, typer.Option(help="Only what was done to this account.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List what administrators did; for administrators who are signed in."""
    ask("cli.administration.actions", "list_actions", account=account, as_json=as_json)


def queues(*, as_json: AsJson = False) -> None:
    """Show what waits and runs, and who works. Exit code 1: what is queued cannot start."""
    ask("cli.administration.queues", "show_queues", as_json=as_json)

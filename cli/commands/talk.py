"""Commands of messages between people."""

from typing import Annotated

import typer

from cli.commands.calls import AsJson, ask
from cli.commands.sections import TALK, new_group


def add_to(app: typer.Typer) -> None:
    chat = new_group(about="Write to the people of your installation.")
    chat.command("list")(list_conversations)
    chat.command()(send)
    chat.command()(tail)
    app.add_typer(chat, name="chat", rich_help_panel=TALK)


def list_conversations(*, as_json: AsJson = False) -> None:
    """List with whom you write, who wrote last first."""
    ask("cli.talk.chat", "list_conversations", as_json=as_json)


def send(
    user: Annotated[str, typer.Argument(metavar="USER", help="An e-mail address, a name or a number.")],
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    *,
    attach: Annotated[str | None, typer.Option(metavar="FILE|ID", help="A PDF, or a document, to share.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send a message."""
    ask("cli.talk.chat", "send_message", user, text, attached=attach, as_json=as_json)


def tail(
    user: Annotated[str | None, typer.Argument(metavar="[USER]", help="Only with this one.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for what comes.")] = True,
    as_json: AsJson = False,
) -> None:
    """Show the last messages, and what comes until Ctrl-C."""
    ask("cli.talk.chat", "tail", user, follow=follow, as_json=as_json)

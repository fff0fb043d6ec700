"""Help with the commands in sections, as plain text: importing rich for it takes longer than all the rest."""

from typing import Any

import typer
from typer.core import TyperGroup

DOCUMENTS, TALK, ACCOUNT, RUN, ADMINISTER, DEVELOP = (
    "Documents",
    "Talk",
    "Your account",
    "Run it",
    "Administer",
    "Develop Sheaf",
)
ORDER = (RUN, ACCOUNT, DOCUMENTS, TALK, ADMINISTER, DEVELOP)
MARGIN = 6


class Sections(TyperGroup):
    """A group whose commands name their section as `rich_help_panel`."""

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """Write a section for each panel, in our order."""
        width = formatter.width - MARGIN - max(map(len, self.commands))
        for title in ORDER:
            rows = [
                (name, command.get_short_help_str(width))
                for name, command in self.commands.items()
                if getattr(command, "rich_help_panel", None) == title
            ]
            with formatter.section(title):
                formatter.write_dl(rows)


def new_group(*, about: str, cls: type[TyperGroup] | None = None) -> typer.Typer:
    return typer.Typer(
        cls=cls,
        help=about,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

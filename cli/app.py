"""The command line put together: `./sheaf`."""

from cli.commands import account, administration, development, documents, platform, talk
from cli.commands.sections import Sections, new_group

app = new_group(about="Sheaf gets text, words and tables out of PDFs.", cls=Sections)
for commands in (platform, account, documents, talk, administration, development):
    commands.add_to(app)

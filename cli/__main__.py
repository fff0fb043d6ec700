"""Runs the command line as `python -m cli`, which is what `./sheaf` does."""

from cli.app import app

app(prog_name="sheaf")

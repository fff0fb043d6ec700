"""`sheaf demo`: starts the platform, sends it PDFs as any client would and shows what comes out of them."""

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cli.client.errors import CommandFailed, Refused
from cli.client.server import Server
from cli.documents.following import follow, pages_done
from cli.documents.sending import Wishes, send
from cli.up.data import DataDirectory, write_private
from cli.up.environment import read_environment
from cli.up.log import Log
from cli.up.platform import Platform, Running

SAMPLE = Path(__file__).with_name("sample.pdf")
EX_USAGE = 2
CONFLICT, UNAUTHENTICATED = 409, 401
LINES_SHOWN, ROWS_SHOWN, TABLES_SHOWN = 30, 20, 5
LOG_LINES_SHOWN = 30


@dataclass(frozen=True)
class Account:
    """The demo's account; kept in the data directory, for the next run and for signing in on the page."""

    email: str
    password: str


def demo(files: Sequence[Path], *, once: bool, port: int | None) -> int:
    """Return 0 if everything asked for worked: with `once`, only if every file reached `succeeded`."""
    for file in files:
        if not file.is_file():
            print(f"sheaf: there is no file {file}.", file=sys.stderr)
            return EX_USAGE
    environment = read_environment(Path.cwd())
    if port is not None:
        environment["PORT"] = str(port)
    return Demo(files or [SAMPLE], once=once).run(environment)


class Demo:
    """Shows the results in a thread of its own while the platform runs in the main one."""

    def __init__(self, files: Sequence[Path], *, once: bool) -> None:
        """Nothing has been shown yet."""
        self._files = files
        self._once = once
        self._console = Console(highlight=False)
        self._has_succeeded = False

    def run(self, environment: dict[str, str]) -> int:
        """Keep the processes' lines in a file, away from the progress bar; show its end if the platform fails."""
        log_file = DataDirectory(Path(environment["SHEAF_DATA"])).path / "demo.log"
        self._console.print(f"Starting the platform; its log is {log_file}.")
        log_file.touch(mode=0o600)
        with log_file.open("w", encoding="utf-8", errors="replace") as stream:
            code = Platform(environment, Log(stream)).run(self._show)
        if code:
            sys.stderr.writelines(log_file.read_text(encoding="utf-8").splitlines(keepends=True)[-LOG_LINES_SHOWN:])
        return code or int(self._once and not self._has_succeeded)

    def _show(self, running: Running) -> None:
        try:
            self._has_succeeded = self._present(running)
        except (CommandFailed, OSError) as error:
            print(f"sheaf: {error}", file=sys.stderr)
        finally:
            if self._once:
                running.stop()

    def _present(self, running: Running) -> bool:
        with Server(running.address) as server:
            account = sign_in(server, running.data / "demo-account.json")
            extracted = [self._extract(server, file) for file in self._files]
            for document, was_sent in extracted:
                self._print_result(server, document, was_sent=was_sent)
        self._console.print(f"\n[bold]{running.address}[/]  {account.email}  password: {account.password}")
        if not self._once:
            self._console.print("Running until Ctrl-C.")
        return all(document["status"] == "succeeded" for document, _ in extracted)

    def _extract(self, server: Server, file: Path) -> tuple[dict[str, Any], bool]:
        """Upload one file and follow it to a final state; say whether its bytes were sent as well."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            bar = progress.add_task(Text(file.name).markup, total=None)

            def show(document: dict[str, Any]) -> None:
                done, total = pages_done(document)
                progress.update(bar, completed=done, total=total)

            document, was_sent = send(server, file, Wishes())
            return follow(server, document, show), was_sent

    def _print_result(self, server: Server, document: dict[str, Any], *, was_sent: bool) -> None:
        error = document["job"].get("error")
        known = "" if was_sent else "  (read before; the same file is not read twice)"
        self._console.print(f"\n[bold]{document['filename']}[/]: {document['status']}{known}")
        if error:
            self._console.print(Text(error["message"]), style="red")
        path = f"/documents/{document['id']}"
        lines = server.request("GET", f"{path}/text").text.splitlines()
        shown = "\n".join(lines[:LINES_SHOWN]) + ("\n…" if len(lines) > LINES_SHOWN else "")
        self._console.print(Panel(Text(shown), title="text", title_align="left"))
        for found in islice(server.json("GET", f"{path}/tables")["data"], TABLES_SHOWN):
            self._console.print(_as_table(found))


def sign_in(server: Server, file: Path) -> Account:
    """Sign in with the kept account; make one if there is none, or if the database does not know it."""
    if file.exists():
        account = Account(**json.loads(file.read_text()))
        try:
            server.sign_in("/login", {"email": account.email, "password": account.password})
        except Refused as refusal:
            if refusal.status != UNAUTHENTICATED:
                raise
        else:
            return account
    return _register(server, file)


def _register(server: Server, file: Path) -> Account:
    password = secrets.token_urlsafe(12)
    for name in ("demo", f"demo-{secrets.token_hex(4)}"):
        account = Account(f"{name}@sheaf.test", password)
        try:
            server.sign_in("/register", {"email": account.email, "password": password, "name": "Demo"})
        except Refused as refusal:
            if refusal.status != CONFLICT:
                raise
        else:
            write_private(file, json.dumps({"email": account.email, "password": password}))
            return account
    raise Refused(CONFLICT, "No demo account could be made.")


def _as_table(found: dict[str, Any]) -> Table:
    header, *rows = found["rows"] or [[]]
    table = Table(title=f"table {found['number']}, page {found['page']}", title_justify="left")
    for cell in header:
        table.add_column(Text(cell or ""))
    for row in rows[:ROWS_SHOWN]:
        table.add_row(*(Text(cell or "") for cell in row))
    if len(rows) > ROWS_SHOWN:
        table.caption = f"{len(rows) - ROWS_SHOWN} more rows"
    return table

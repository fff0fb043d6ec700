"""`sheaf upload`: sends files some at a time and waits for them in their order."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cli.client.errors import Refused, WrongUse
from cli.client.server import Server
from cli.client.terminal import note
from cli.documents.bars import Bars
from cli.documents.files import PdfFile, pdf_files
from cli.documents.following import follow
from cli.documents.outcomes import Outcome, ended, summarize, tell
from cli.documents.saving import Folder
from cli.documents.sending import Wishes, send

HAVE_RESULTS = frozenset({"succeeded", "partial"})


@dataclass(frozen=True)
class Asked:
    """The options of the command."""

    recursive: bool = False
    senders: int = 3
    wait: bool = True
    pages: str | None = None
    password_file: Path | None = None
    tables: str = "default"
    out: Path | None = None
    to: str | None = None
    as_json: bool = False

    def wishes(self) -> Wishes:
        return Wishes(self.pages, self.tables, read_password(self.password_file) if self.password_file else None)

    def folder(self) -> Folder | None:
        if (self.out is None) != (self.to is None):
            raise WrongUse("--out and --to go together, such as --out results --to md,csv.")
        if self.out and not self.wait:
            raise WrongUse("--out needs the results; leave out --no-wait.")
        return Folder(self.out, self.to or "") if self.out else None


def upload(server: Server, paths: Sequence[Path], **given: Any) -> int:
    """Send what is not there and wait for all of it; what was sent goes on when this is interrupted."""
    asked = Asked(**given)
    sending = Sending(server, asked, asked.wishes(), asked.folder())
    files = pdf_files(paths, recursive=asked.recursive)
    outcomes: list[Outcome] = []
    try:
        with Bars(files=len(files), size=sum(file.size for file in files), reads=asked.wait) as bars:
            for outcome in sending.outcomes(files, bars):
                tell(outcome, as_json=asked.as_json)
                outcomes.append(outcome)
    except KeyboardInterrupt:
        note(
            f"interrupted. What was sent ({len(sending.sent)} of {len(files)} files) is read all the same: `sheaf list`"
            " shows it, `sheaf status ID --watch` follows one. The same command again goes on with the rest."
        )
        raise
    return summarize(outcomes)


def read_password(file: Path) -> str:
    """Return a PDF's password: the first line of a file, or of standard input for `-`."""
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"--password-file: {error}") from error
    return text.partition("\n")[0].rstrip("\r")


class Sending:
    """Files on their way: some are sent at the same time, and their ends are waited for one after another."""

    def __init__(self, server: Server, asked: Asked, wishes: Wishes, folder: Folder | None) -> None:
        """Send nothing yet."""
        self._server = server
        self._asked = asked
        self._wishes = wishes
        self._folder = folder
        self.sent: list[str] = []

    def outcomes(self, files: Sequence[PdfFile], bars: Bars) -> Iterator[Outcome]:
        """Yield what became of each file, in their order; raises what concerns all of them."""
        pool = ThreadPoolExecutor(self._asked.senders)
        try:
            sent = [pool.submit(self._send, file, bars) for file in files]
            for file, future in zip(files, sent, strict=True):
                yield self._ended(file, future, bars)
                bars.end()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, file: PdfFile, bars: Bars) -> Outcome:
        try:
            document, was_sent = send(self._server, file.path, self._wishes, on_bytes=bars.sent)
        except (Refused, OSError) as error:
            return Outcome(file.path, error=str(error))
        self.sent.append(document["id"])
        return Outcome(file.path, document, was_sent)

    def _ended(self, file: PdfFile, future: "Future[Outcome]", bars: Bars) -> Outcome:
        outcome = future.result()
        if outcome.document is None or not self._asked.wait:
            return outcome
        try:
            document = follow(self._server, outcome.document, bars.read)
            return ended(outcome, document, self._save(file, document))
        except (Refused, OSError) as error:
            return replace(outcome, error=str(error))

    def _save(self, file: PdfFile, document: dict[str, Any]) -> list[Path]:
        if self._folder is None or document["status"] not in HAVE_RESULTS:
            return []
        return self._folder.save(self._server, document, file.name)

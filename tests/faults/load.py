"""The common load: some users upload many small PDFs at the same time, while a prober measures how the API answers."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from uuid import uuid4

from tests.faults.journal import Journal
from tests.faults.repeating import repeating
from tests.faults.stage import Stage
from tests.faults.users import User
from tests.pdf_files import document, show, text_pdf
from tests.platforms import eventually

FILES = 200
USERS = 5
THREADS = 8
PROBE_S = 0.1


def small_pdfs(count: int, *, pages: int = 0) -> list[bytes]:
    """Return distinct files of one to five pages, or of that many."""
    stamp = uuid4().hex[:8]
    return [text_pdf(pages or 1 + n % 5, text=f"{stamp} file {n} page {{number}}") for n in range(count)]


def slow_pdfs(count: int, *, seconds: int) -> list[bytes]:
    """Return distinct files that take about so many seconds each when a core is free, in pages of half a second."""
    stamp = uuid4().hex[:8].encode()
    many = b"BT /F1 1 Tf 10 700 Td " + b"(AAAAAAAAAAAAAAAAAAAA) Tj " * 1000 + b"ET "
    return [document([many + show(f"{stamp!r} {n} {page}") for page in range(2 * seconds)]) for n in range(count)]


class Load:
    """Uploads in threads of its own; `prefix` marks its users, so that the checker finds what is theirs."""

    def __init__(self, stage: Stage, name: str, *, users: int = USERS, threads: int = THREADS) -> None:
        """Register the users."""
        self.stage = stage
        self.prefix = f"{name}{uuid4().hex[:6]}".lower()
        self.journal: Journal = stage.journal(name)
        self.users = [User(stage.address, self.journal, prefix=self.prefix) for _ in range(users)]
        self.prober = User(stage.address, self.journal, prefix="prober")
        self._threads = threads
        self._files: list[bytes] = []

    def close(self) -> None:
        for user in (*self.users, self.prober):
            user.close()

    @contextmanager
    def running(self, files: Sequence[bytes] | None = None, *, every_s: float = 0) -> Iterator["Load"]:
        """Upload within the block, and wait at its end until every file is answered for."""
        files = small_pdfs(FILES) if files is None else files
        with self.probing():
            with ThreadPoolExecutor(self._threads) as pool:
                sent = list(self._sending(pool, files, every_s))
                yield self
            for future in sent:
                future.result()

    def upload(self, files: Sequence[bytes] | None = None) -> None:
        """Upload everything, then return."""
        with self.running(files):
            pass

    def probing(self) -> AbstractContextManager[None]:
        """Ask the API for a list again and again within the block."""
        return repeating(self.prober.look, every_s=PROBE_S)

    def accepted(self) -> int:
        return len({entry.key for entry in self.journal.promises()})

    def finished(self) -> int:
        return self.stage.number(
            """SELECT count(*) FROM jobs JOIN users ON users.id = owner_id
               WHERE email LIKE %s AND finished_at IS NOT NULL""",
            f"{self.prefix}-%",
        )

    def wait_accepted(self, count: int, *, within_s: float = 60) -> None:
        eventually(lambda: self.accepted() >= count, within_s=within_s)

    def wait_finished(self, count: int, *, within_s: float = 60) -> None:
        eventually(lambda: self.finished() >= count, within_s=within_s)

    def _sending(self, pool: ThreadPoolExecutor, files: Sequence[bytes], every_s: float) -> Iterator[Future[object]]:
        users = itertools.cycle(self.users)
        start = time.monotonic()
        for number, (user, content) in enumerate(zip(users, files, strict=False)):
            yield pool.submit(_later, start + number * every_s, user.upload, content)


def _later(due: float, upload: Callable[[bytes], object], content: bytes) -> object:
    time.sleep(max(0, due - time.monotonic()))
    return upload(content)

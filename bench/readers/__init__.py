"""The readers that are compared; each opens a file, says how many pages it has, and reads them one after the other.

A reader is a module: `prepare()` is called in the process that children are forked from, `begin()` in the child or in
the process of a pool, and `read(path, at_most)` yields the number of pages and then every page, so that the time of
each step can be taken. Neither reader's module may be loaded where the other's is measured.
"""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

WORD_FIELDS = ("text", "x0", "top", "x1", "bottom")
PLAIN = "plain"
ENGINE = "engine"


class Page(NamedTuple):
    """What a page gave: words with the fields that Sheaf keeps, tables as rows; or how reading it failed.

    `because` says why the engine had pdfplumber itself read it.
    """

    text: str = ""
    words: Sequence[dict[str, Any]] = ()
    tables: Sequence[Any] = ()
    because: str | None = None
    error: str | None = None


class Reader(Protocol):
    """What a module in here offers."""

    def prepare(self) -> None: ...

    def begin(self) -> None: ...

    def read(self, path: Path, at_most: int | None) -> Iterator[int | Page]: ...


def load(name: str) -> Reader:
    return cast("Reader", importlib.import_module(f"{__name__}.{name}"))


def gist(error: BaseException) -> str:
    """Return the kind and the words of what is wrong with a file, whoever wrapped it; a MemoryError is raised again."""
    while inner := _wrapped(error):
        error = inner
    if isinstance(error, MemoryError):
        raise error
    return f"{type(error).__name__}: {error}"


def _wrapped(error: BaseException) -> BaseException | None:
    if error.args:
        return error.args[0] if isinstance(error.args[0], BaseException) else None
    return error.__cause__

"""Runs one of our processes so that it can die at a point that a test armed: `python -m tests.faults.crashing MODULE`.

Production code has no hooks for this. Here its functions are wrapped: a transaction that one of them was called in dies
right before or right after its commit, and what stands between transactions dies right after it. What is armed stands
in the file that CRASH_AT names, as JSON: `point`, and how many processes are `left` to die there.
"""

import asyncio
import fcntl
import functools
import json
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery
from sqlmodel import Session

from shared import lifecycle, unowned
from shared.database import Database
from shared.storage import BlobStore

EXIT_CODE = 137
BEFORE, AFTER = "before commit", "after commit"
MIDDLE_PAGE = 3
STATEMENTS: dict[str, tuple[Any, str]] = {
    "expect a blob": (unowned, "expect"),
    "accept": (lifecycle, "accept"),
    "cancel": (lifecycle, "cancel"),
    "dispatch": (lifecycle, "dispatch"),
    "withdraw": (lifecycle, "withdraw"),
    "take back": (lifecycle, "_take_back"),
    "reap messages": (lifecycle, "_reap_dispatched"),
    "requeue": (lifecycle, "requeue_due"),
    "claim": (lifecycle, "claim"),
    "start pages": (lifecycle, "_start"),
    "record a page": (lifecycle, "_record"),
    "succeed": (lifecycle, "succeed"),
    "fail": (lifecycle, "fail"),
    "retry later": (lifecycle, "retry_later"),
    "confirm cancel": (lifecycle, "confirm_cancel"),
}


class Fuse:
    """The file that says where to die, shared by all processes of a stage."""

    def __init__(self, file: Path) -> None:
        """Use this file; nothing is armed before `arm`."""
        self._file = file

    def arm(self, point: str, *, times: int) -> None:
        self._file.write_text(json.dumps({"point": point, "left": times}))

    def left(self) -> int:
        return int(json.loads(self._file.read_text())["left"])

    def burn(self, point: str) -> None:
        """Die here if this point is armed; the count goes down first."""
        with self._file.open("r+") as armed:
            fcntl.flock(armed, fcntl.LOCK_EX)
            state = json.loads(armed.read() or "{}")
            if state.get("point") != point or not state["left"]:
                return
            armed.seek(0)
            armed.write(json.dumps({"point": point, "left": state["left"] - 1}))
            armed.truncate()
        os._exit(EXIT_CODE)


def points_of(name: str) -> tuple[str, str]:
    return f"{name}, {BEFORE}", f"{name}, {AFTER}"


def install(fuse: Fuse) -> None:
    """Wrap what can be died at."""
    for name, (module, function) in STATEMENTS.items():
        setattr(module, function, _marking(name, getattr(module, function)))
    Database.unit_of_work = _dying(fuse, Database.unit_of_work)  # type: ignore[method-assign]  # The point of this.
    Celery.send_task = _then_dying(fuse, "publish", Celery.send_task)
    BlobStore.write = _then_dying_async(fuse, "store the blob", BlobStore.write)  # type: ignore[method-assign]  # As above.


def _marking(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Leave a mark on the session that the function was called with, if it did something."""

    @functools.wraps(function)
    def marked(session: Session, *given: Any, **named: Any) -> Any:
        result = function(session, *given, **named)
        if _did_something(name, given, result):
            session.info[name] = True
        return result

    return marked


def _did_something(name: str, given: tuple[Any, ...], result: Any) -> bool:
    if name == "record a page":
        return any(page.number == MIDDLE_PAGE for page in given[2])
    return bool(result) if name in ("dispatch", "claim", "reap messages", "requeue") else True


def _dying(fuse: Fuse, unit_of_work: Callable[..., Any]) -> Callable[..., Any]:
    @contextmanager
    def watched(database: Database) -> Iterator[Session]:
        with unit_of_work(database) as session:
            yield session
            for name in session.info:
                fuse.burn(f"{name}, {BEFORE}")
        for name in session.info:
            fuse.burn(f"{name}, {AFTER}")

    return watched


def _then_dying(fuse: Fuse, point: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def watched(*given: Any, **named: Any) -> Any:
        result = function(*given, **named)
        fuse.burn(point)
        return result

    return watched


def _then_dying_async(fuse: Fuse, point: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def watched(*given: Any, **named: Any) -> Any:
        result = await function(*given, **named)
        await asyncio.to_thread(fuse.burn, point)
        return result

    return watched


def main() -> None:
    install(Fuse(Path(os.environ["CRASH_AT"])))
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

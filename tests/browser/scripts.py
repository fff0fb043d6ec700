"""How much of the page's JavaScript the tests have run: by byte, from the browser's own profiler."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Error, Page

FOLDER = Path(__file__).resolve().parents[2] / "api" / "web" / "js"
MODULE = re.compile(r"/ui/[0-9a-f]+/js/(.+\.js)$")


class Scripts:
    """The bytes of each module that no test has run yet; a module that was never loaded is wholly unrun."""

    def __init__(self) -> None:
        """Begin with nothing run."""
        self._run = {
            path.relative_to(FOLDER).as_posix(): bytearray(len(path.read_text())) for path in FOLDER.rglob("*.js")
        }
        self._sessions: list[CDPSession] = []

    def profile(self, page: Page) -> None:
        """Count what a page runs from now on."""
        session = page.context.new_cdp_session(page)
        session.send("Profiler.enable")
        session.send("Profiler.startPreciseCoverage", {"callCount": True, "detailed": True})
        self._sessions.append(session)

    def take(self) -> None:
        """Read the counters of all pages that are open; to be called before their contexts close."""
        for session in self._sessions:
            with suppress(Error):  # The test has closed the page.
                for script in session.send("Profiler.takePreciseCoverage")["result"]:
                    self._merge(script)
        self._sessions.clear()

    def shares(self) -> dict[str, float]:
        """Return the part that was run of each module."""
        return {name: sum(run) / len(run) for name, run in sorted(self._run.items())}

    def share(self) -> float:
        return sum(map(sum, self._run.values())) / sum(map(len, self._run.values()))

    def table(self) -> str:
        lines = [f"{share:7.1%}  {name}" for name, share in self.shares().items()]
        return "\n".join([*lines, f"{self.share():7.1%}  of all"])

    def _merge(self, script: dict[str, Any]) -> None:
        found = MODULE.search(script["url"])
        run = self._run.get(found[1]) if found else None
        if run is None:
            return
        now = bytearray(len(run))
        for function in script["functions"]:  # Outer ones come first, and so do the ranges of each.
            for part in function["ranges"]:
                start, end = part["startOffset"], min(part["endOffset"], len(run))
                now[start:end] = bytes([part["count"] > 0]) * (end - start)
        run[:] = (int.from_bytes(run) | int.from_bytes(now)).to_bytes(len(run))

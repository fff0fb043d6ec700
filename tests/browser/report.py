"""Brings what the browser tests ran of the JavaScript to the end of the run, and fails where that is too little."""

from typing import Any, NamedTuple

import pytest

ENOUGH = 0.85
FOLDER = "tests/browser"
OUTPUT = "javascript"


class Share(NamedTuple):
    """How much was run, and the table of all modules."""

    share: float
    table: str


KEPT = pytest.StashKey[Share]()


def keep(config: pytest.Config, share: Share) -> None:
    """Keep it for the end; a process of xdist hands it to the one that started it."""
    if hasattr(config, "workeroutput"):
        config.workeroutput[OUTPUT] = tuple(share)
    else:
        config.stash[KEPT] = share


def pytest_testnodedown(node: Any) -> None:
    if OUTPUT in getattr(node, "workeroutput", {}):
        node.config.stash[KEPT] = Share(*node.workeroutput[OUTPUT])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _is_too_little(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if KEPT not in config.stash:
        return
    terminalreporter.section("JavaScript that was run")
    terminalreporter.write_line(config.stash[KEPT].table)
    if _is_too_little(config):
        terminalreporter.write_line(f"That is too little: {ENOUGH:.0%} is asked for.", red=True)


def _is_too_little(config: pytest.Config) -> bool:
    """Judge only runs of everything: a part of the tests runs a part of the page."""
    is_whole = not config.option.keyword and config.args in (["tests"], [FOLDER])
    return is_whole and KEPT in config.stash and config.stash[KEPT].share < ENOUGH

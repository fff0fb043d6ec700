"""What one look found: that something is all right, might be better, or will not do, and what to do then."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `advice` is there unless it is all right."""

    name: str
    state: State
    said: str
    advice: str = ""


def ok(name: str, said: str) -> Finding:
    return Finding(name, "ok", said)


def warning(name: str, said: str, advice: str) -> Finding:
    return Finding(name, "warning", said, advice)


def fault(name: str, said: str, advice: str) -> Finding:
    return Finding(name, "fault", said, advice)

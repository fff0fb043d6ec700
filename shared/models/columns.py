"""Column shapes that several tables share."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, DateTime
from sqlmodel import Field

from shared.clock import now


def moment() -> Any:
    """Return a column for a UTC time that is set when the row is made."""
    return Field(default_factory=now, sa_type=DateTime(timezone=True))


def later(*, index: bool = False) -> Any:
    """Return a column for a UTC time that is not known when the row is made."""
    return Field(default=None, sa_type=DateTime(timezone=True), index=index)


def one_of(column: str, values: type[StrEnum], *, name: str) -> CheckConstraint:
    """Return a constraint that keeps a text column to the members of an enumeration."""
    members = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({members})", name=name)

"""What has been counted for metrics, and up to when."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.models.columns import moment


class Tally(SQLModel, table=True):
    """One number that only grows; `shared/tallies.py` says what is counted under which name."""

    __tablename__ = "tallies"

    name: str = Field(primary_key=True)
    labels: dict[str, Any] = Field(primary_key=True, sa_type=JSONB)
    value: float


class Tallied(SQLModel, table=True):
    """The one row that says until when all that ended has been counted."""

    __tablename__ = "tallied"
    __table_args__ = (CheckConstraint("id = 1", name="tallied_once"),)

    id: int = Field(default=1, primary_key=True)
    until: datetime = moment()

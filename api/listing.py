"""Lists: page and limit as people click, an opaque keyset cursor as programs walk."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from shared.errors import InvalidField

MAX_LIMIT = 100
Row = TypeVar("Row")
Item = TypeVar("Item")
Value = TypeVar("Value")


class Listing(BaseModel, Generic[Item]):
    """One page of a list; `next` continues it, None is the end."""

    page: int
    limit: int
    total: int
    data: list[Item]
    next: str | None


@dataclass(frozen=True)
class Slice:
    """Which part of a list is asked for; a cursor wins over a page number."""

    page: int
    limit: int
    cursor: str | None


async def _slice(
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 20,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the list before.")] = None,
) -> Slice:
    return Slice(page, limit, cursor)


Wanted = Annotated[Slice, Depends(_slice)]


def fetch(
    session: Session, statement: SelectOfScalar[Row], wanted: Slice, *, key: Any, parse: Callable[[str], Any] = UUID
) -> tuple[Sequence[Row], int, str | None]:
    """Return a slice of the rows, newest first by the unique column `key`, their total and the next cursor."""
    total = session.exec(select(func.count()).select_from(statement.order_by(None).subquery())).one()
    ordered = statement.order_by(col(key).desc()).limit(wanted.limit + 1)
    if wanted.cursor:
        ordered = ordered.where(_before(key, wanted.cursor, parse))
    else:
        ordered = ordered.offset((wanted.page - 1) * wanted.limit)
    rows = session.exec(ordered).all()
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    return rows, total, encode_cursor(getattr(rows[-1], key.key)) if more else None


def listing(wanted: Slice, data: list[Item], *, total: int, following: str | None) -> Listing[Item]:
    return Listing[Item](page=wanted.page, limit=wanted.limit, total=total, data=data, next=following)


def encode_cursor(value: object) -> str:
    return base64.urlsafe_b64encode(str(value).encode()).decode().rstrip("=")


def parse_cursor(cursor: str, parse: Callable[[str], Value]) -> Value:
    """Return what `encode_cursor` was given; raises InvalidField when `parse` raises ValueError at it."""
    try:
        return parse(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
    except (ValueError, binascii.Error) as error:
        raise InvalidField("/cursor", "This is no cursor of this list; take `next` of the list before.") from error


def _before(key: Any, cursor: str, parse: Callable[[str], Any]) -> ColumnElement[bool]:
    before: ColumnElement[bool] = col(key) < parse_cursor(cursor, parse)
    return before

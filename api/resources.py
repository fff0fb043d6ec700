"""What every request of one API process shares, and the transaction of one request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from api.backlog import Backlog
from api.in_flight import InFlight
from api.waiting import Changes
from shared.database import Database
from shared.passwords import PasswordHasher
from shared.settings import Settings
from shared.storage import BlobStore


@dataclass(frozen=True)
class Resources:
    settings: Settings
    database: Database
    blobs: BlobStore
    hasher: PasswordHasher
    changes: Changes
    in_flight: InFlight
    backlog: Backlog


def get_resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


Shared = Annotated[Resources, Depends(get_resources)]


def _unit_of_work(resources: Shared) -> Iterator[Session]:
    with resources.database.unit_of_work() as session:
        yield session


def _snapshot(resources: Shared) -> Iterator[Session]:
    with resources.database.snapshot() as session:
        yield session


# With FastAPI's default scope a failing commit would still answer 200; "function" commits before the answer leaves.
Work = Annotated[Session, Depends(_unit_of_work, scope="function")]
# For routes that only read; name it after a DetachedUser, so that one request never holds two connections.
Snapshot = Annotated[Session, Depends(_snapshot, scope="function")]

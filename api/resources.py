"""What every request of one API process shares, and the transaction of one request."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends
from sqlmodel import Session
from starlette.requests import HTTPConnection

from api.backlog import Backlog
from api.in_flight import InFlight
from api.rates import Rates
from api.waiting import Changes
from shared.database import Database
from shared.passwords import PasswordHasher
from shared.settings import Settings
from shared.storage import BlobStore

Result = TypeVar("Result")


@dataclass(frozen=True)
class Resources:
    """`hashing` has a place for each core: whoever hashes a password takes one, with `in_hashing_thread`."""

    settings: Settings
    database: Database
    blobs: BlobStore
    hasher: PasswordHasher
    changes: Changes
    in_flight: InFlight
    backlog: Backlog
    rates: Rates
    hashing: CapacityLimiter


async def get_resources(request: HTTPConnection) -> Resources:
    """Look the resources up; like all dependencies that wait for nothing it is async, to spare the way to a thread."""
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


async def in_hashing_thread(resources: Resources, work: Callable[[], Result]) -> Result:
    """Do work that hashes a password in one of a few threads of its own.

    So a crowd that signs in waits at the door, and takes neither all cores nor the threads of those who are inside.
    """
    return await run_sync(work, limiter=resources.hashing)

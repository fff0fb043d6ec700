"""What is made of a document on demand: found, or made by a job for which the request waits.

The request that asks first queues the job, all others wait for the same one. Nobody holds a connection meanwhile.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session

from api import admission
from api.documents.contents import NoSuchPage
from api.documents.service import get_document, latest_jobs
from api.jobs.service import open_job, queue_rendition
from api.resources import Resources
from shared import renditions
from shared.errors import Conflict, Unavailable
from shared.models import Job, JobKind, JobState, Rendition, User

WAIT_S = 10.0
AGAIN_S = 2.0


class NotMadeYet(Unavailable):
    """This is still being made; ask again soon."""

    code = "not_made_yet"


class PageNotDrawn(Conflict):
    """No picture can be made of this page."""

    code = "page_not_drawn"


class InformationNotRead(Conflict):
    """What the document says of itself cannot be read."""

    code = "information_not_read"


FAILURES: dict[JobKind, type[Conflict]] = {
    JobKind.RENDERING: PageNotDrawn,
    JobKind.INFORMATION: InformationNotRead,
}


@dataclass(frozen=True)
class Wish:
    """What is to be made: its name, under which it is kept, and what the worker has to know; `page` if it is of one."""

    kind: JobKind
    name: str
    options: dict[str, Any] = field(default_factory=dict)
    page: int | None = None


async def wait_for(resources: Resources, user: User, document_id: UUID, wish: Wish) -> Rendition:
    """Return the rendition; raises NotMadeYet after ten seconds, or why it cannot be made."""
    demand = _Demand(resources, user, document_id, wish)
    found = await resources.changes.until(
        demand.look, key=document_id, satisfied=lambda seen: seen is not None, progress=True, seconds=WAIT_S
    )
    if found is None:
        raise NotMadeYet(retry_after=AGAIN_S)
    if found.error_code is not None:
        raise FAILURES[wish.kind](f"{found.error_message} ({found.error_code})")
    return found


async def content_of(resources: Resources, document_id: UUID, rendition: Rendition) -> bytes:
    """Return the bytes; what the store has lost is forgotten, and so made again for the next request."""

    def read() -> bytes:
        try:
            return resources.blobs.get(rendition.blob_key or "")
        except FileNotFoundError as error:
            with resources.database.unit_of_work() as session:
                renditions.forget(session, document_id, rendition.name)
            raise NotMadeYet(retry_after=AGAIN_S) from error

    return await run_in_threadpool(read)


class _Demand:
    """One request's look at what it waits for; the first that finds nothing queues the job."""

    def __init__(self, resources: Resources, user: User, document_id: UUID, wish: Wish) -> None:
        """Nothing is queued yet."""
        self._resources = resources
        self._user = user
        self._document_id = document_id
        self._wish = wish
        self._is_queued = False

    def look(self) -> Rendition | None:
        """Return what is there; raises DocumentNotFound, NoSuchPage, or what `api.admission` raises."""
        with self._resources.database.snapshot() as session:
            is_open = self._is_open(session)
            found = renditions.find(session, self._document_id, self._wish.name) if is_open else None
        if is_open and found is None and not self._is_queued:
            with self._resources.database.unit_of_work() as session:
                self._queue(session)
            self._is_queued = True
        return found

    def _is_open(self, session: Session) -> bool:
        """Say whether it is known how many pages there are, and whether the PDF was repaired."""
        document = get_document(session, self._user, self._document_id)
        page, count = self._wish.page, document.page_count
        if count is None and not JobState(latest_jobs(session, [document])[document.id].state).done:
            return False
        if page is not None and count is None:
            raise NoSuchPage("The PDF could not be opened, so there are no pages; its job says why.")
        if page is not None and page > (count or 0):
            raise NoSuchPage(f"There is no page {page}; the PDF has {count}.")
        return True

    def _queue(self, session: Session) -> None:
        """Queue the job unless one is under way, or has ended in this moment."""
        owner = admission.lock_owner(session, self._user.id or 0)
        document = get_document(session, self._user, self._document_id)
        is_same = (Job.document_id == document.id, Job.settings == self._wish.name)
        if open_job(session, *is_same) or renditions.find(session, document.id, self._wish.name):
            return
        admission.admit_job(session, self._resources, owner)
        queue_rendition(session, document, self._wish.kind, name=self._wish.name, options=self._wish.options)

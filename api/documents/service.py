"""The rules of documents: when an upload is a new one, who sees what, and which pages are ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api import admission
from api.accounts.schemas import UserCard
from api.documents.schemas import DocumentCard
from api.documents.upload import Stored
from api.jobs.service import job_cards, queue_job
from api.resources import Resources
from shared import unowned
from shared.emails import tell_of_end
from shared.errors import NotFound
from shared.locks import lock
from shared.models import Document, Job, JobState, Share, User
from shared.notices import touch
from shared.sealing import seal

NO_RESULT = (JobState.FAILED, JobState.CANCELED)


class DocumentNotFound(NotFound):
    """There is no such document."""

    code = "document_not_found"


@dataclass(frozen=True)
class Accepted:
    """What became of an upload: its document, whether it was there already, and the blob that is not needed now."""

    document_id: UUID
    job_id: UUID
    duplicate: bool
    unused_blob: str | None


def accept_upload(session: Session, resources: Resources, user: User, stored: Stored) -> Accepted:
    """Make the document and its job, or find the document that this upload repeats.

    A document whose latest job failed or was canceled is no duplicate: it gets a new job. Raises what `api.admission`
    raises for new jobs and new bytes.
    """
    owner = admission.lock_owner(session, user.id or 0)
    known = _same_upload(session, user, stored)
    if known is None:
        admission.admit_bytes(owner, stored.size)
        admission.admit_job(session, resources, owner)
        unowned.own(session, stored.blob_key)
        document = _new_document(session, resources, user, stored)
        return Accepted(document.id, _new_job(session, document, stored).id, duplicate=False, unused_blob=None)
    document, latest = known
    if latest.state not in NO_RESULT:
        unowned.disown(session, stored.blob_key)
        if stored.options.notify:
            _notify_too(session, latest)
        return Accepted(document.id, latest.id, duplicate=True, unused_blob=stored.blob_key)
    admission.admit_job(session, resources, owner)
    unowned.own(session, stored.blob_key)
    former_blob, document.blob_key = document.blob_key, stored.blob_key  # The former one may be what was wrong.
    unowned.disown(session, former_blob)
    _seal_password(resources, document, stored)
    touch(session, document.id)
    job = _new_job(session, document, stored)
    return Accepted(document.id, job.id, duplicate=False, unused_blob=former_blob)


def get_document(session: Session, user: User, document_id: UUID) -> Document:
    """Return a document that a user may read, its own or one shared with it; any other is as unknown as none."""
    is_shared = select(Share).where(Share.document_id == document_id, Share.user_id == user.id).exists()
    return _find(session, Document.id == document_id, (col(Document.owner_id) == user.id) | is_shared)


def owner_for(session: Session, user: User, document: Document) -> UserCard | None:
    """Return whose document this is when it is not this user's own."""
    if document.owner_id == user.id:
        return None
    return UserCard.model_validate(session.get_one(User, document.owner_id), from_attributes=True)


def own_document(session: Session, user: User, document_id: UUID) -> Document:
    """Return a document that a user may change: nobody's but its own."""
    return _find(session, Document.id == document_id, Document.owner_id == user.id)


def latest_jobs(session: Session, documents: Sequence[Document]) -> dict[UUID, Job]:
    """Return each document's latest job by the document's id."""
    statement = select(Job).where(col(Job.id).in_([document.latest_job_id for document in documents]))
    return {job.document_id: job for job in session.exec(statement) if job.document_id}


def document_cards(session: Session, documents: Sequence[Document], *, duplicate: bool = False) -> list[DocumentCard]:
    jobs = latest_jobs(session, documents)
    rendered = {card.document_id: card for card in job_cards(session, list(jobs.values()))}
    return [
        DocumentCard(
            id=document.id,
            filename=document.filename,
            size=document.size,
            sha256=document.sha256,
            status=rendered[document.id].state,
            rev=document.rev,
            page_count=document.page_count,
            text_preview=document.text_preview,
            table_count=document.table_count,
            created_at=document.created_at,
            duplicate=duplicate,
            repaired=document.repaired,
            job=rendered[document.id],
        )
        for document in documents
    ]


def _find(session: Session, *conditions: Any) -> Document:
    document = session.exec(select(Document).where(*conditions)).first()
    if document is None:
        raise DocumentNotFound("There is no document with this id among yours.")
    return document


def _same_upload(session: Session, user: User, stored: Stored) -> tuple[Document, Job] | None:
    """Find the document with the same bytes and options; the lock on the owner keeps equal uploads apart."""
    statement = select(Document).where(
        Document.owner_id == user.id,
        Document.sha256 == stored.sha256,
        Document.options == stored.options.compared(),
    )
    document = session.exec(statement).first()
    return (document, latest_jobs(session, [document])[document.id]) if document else None


def _new_document(session: Session, resources: Resources, user: User, stored: Stored) -> Document:
    document = Document(
        owner_id=user.id or 0,
        filename=stored.filename,
        size=stored.size,
        sha256=stored.sha256,
        blob_key=stored.blob_key,
        options=stored.options.compared(),
    )
    _seal_password(resources, document, stored)
    session.add(document)
    session.flush()  # The job's foreign key needs the document's row.
    return document


def _seal_password(resources: Resources, document: Document, stored: Stored) -> None:
    password = stored.options.password
    document.password_sealed = seal(password, resources.settings.secret_key) if password else None


def _new_job(session: Session, document: Document, stored: Stored) -> Job:
    options = {name: value for name, value in document.options.items() if name != "pages"}
    ranges, deadline_s = document.options.get("pages"), stored.options.deadline_s
    job = queue_job(session, document, options=options, page_ranges=ranges, deadline_s=deadline_s)
    job.notify = stored.options.notify
    return job


def _notify_too(session: Session, latest: Job) -> None:
    """Tell of the end of a job that is there already: when it comes or, if nobody was told yet, now."""
    job = lock(session, Job, latest.id)
    job.notify = "email"
    if JobState(job.state).done:
        tell_of_end(session, job)

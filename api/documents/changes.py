"""What owners change about their documents: the name, further extractions, and that they exist at all."""

from uuid import UUID

from sqlmodel import Session, col

from api import admission
from api.documents.schemas import AgainOptions
from api.documents.service import own_document
from api.documents.upload import clean_filename
from api.jobs.service import open_job, queue_job, settings_digest
from api.resources import Resources
from shared.erasure import erase_document
from shared.models import Document, Job, User
from shared.notices import touch
from shared.sealing import seal


def rename(session: Session, user: User, document_id: UUID, *, filename: str) -> Document:
    document = own_document(session, user, document_id)
    document.filename = clean_filename(filename)
    touch(session, document.id)
    session.refresh(document)
    return document


def delete(session: Session, user: User, document_id: UUID) -> list[str]:
    """Delete a document with all that was made of it and return the keys of the blobs to be erased."""
    admission.lock_owner(session, user.id or 0)
    return erase_document(session, own_document(session, user, document_id))


def extract_again(
    session: Session, resources: Resources, user: User, document_id: UUID, wish: AgainOptions
) -> tuple[Job, bool]:
    """Queue another extraction; an equal one that is still open is returned as it is, which the flag says."""
    owner = admission.lock_owner(session, user.id or 0)
    document = own_document(session, user, document_id)
    options = wish.job_options()
    same = (
        Job.document_id == document.id,
        Job.settings == settings_digest(options),
        col(Job.page_ranges).is_not_distinct_from(wish.pages),
    )
    if wish.password:
        document.password_sealed = seal(wish.password, resources.settings.secret_key)
    elif already := open_job(session, *same):
        return already, True
    admission.admit_job(session, resources, owner)
    touch(session, document.id)
    job = queue_job(session, document, options=options, page_ranges=wish.pages, deadline_s=wish.deadline_s)
    job.notify = wish.notify
    return job, False

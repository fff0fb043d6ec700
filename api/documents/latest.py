"""What the latest job of a document has found, and the headers that say whether there is more to come."""

from uuid import UUID

from sqlmodel import Session

from api.documents.contents import Contents
from api.documents.service import get_document, latest_jobs
from api.jobs.routes import RETRY_AFTER
from shared.models import User


def contents_of(view: Session, user: User, document_id: UUID) -> Contents:
    """Return the contents of a user's document; raises DocumentNotFound."""
    document = get_document(view, user, document_id)
    return Contents(view, document, latest_jobs(view, [document])[document.id])


def completeness(contents: Contents) -> dict[str, str]:
    return {} if contents.complete else {"X-Sheaf-Complete": "false", **RETRY_AFTER}

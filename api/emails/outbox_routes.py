"""Routes by which administrators look after mails."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlmodel import select

from api.emails.outbox import all_emails, outbox_items
from api.emails.schemas import MAX_ADDRESS_LENGTH, OutboxItem
from api.errors import responses
from api.identity import Admin, AdminsOnly
from api.listing import Listing, Wanted, fetch, listing
from api.resources import Shared, Work
from shared import delivery
from shared.admin_actions import record
from shared.errors import NotFound
from shared.models import Deed, Email, JobState, User

router = APIRouter(prefix="/admin", tags=["administration"])


class NotSuppressed(NotFound):
    """Nothing speaks against this address."""

    code = "not_suppressed"


@router.get(
    "/emails",
    operation_id="listEmails",
    summary="All mails, newest first",
    responses=responses(AdminsOnly),
)
def list_emails(admin: Admin, work: Work, wanted: Wanted, state: JobState | None = None) -> Listing[OutboxItem]:
    emails, total, following = fetch(work, all_emails(state), wanted, key=Email.id)
    owners = sorted({email.owner_id for email in emails} - {admin.id})
    if owners:
        record(work, Deed.MAILS_READ, admin=admin, target="/admin/emails", details={"owners": owners})
    return listing(wanted, outbox_items(work, emails), total=total, following=following)


@router.delete(
    "/suppressed-addresses",
    operation_id="liftSuppression",
    summary="Send to an address again that a mail server said does not exist",
    status_code=204,
    responses=responses(AdminsOnly, NotSuppressed),
)
def lift_suppression(
    admin: Admin,
    work: Work,
    resources: Shared,
    address: Annotated[str, Query(max_length=MAX_ADDRESS_LENGTH, examples=["ada@example.org"])],
) -> Response:
    if not delivery.lift_suppression(work, address.strip(), key=resources.settings.secret_key):
        raise NotSuppressed("Mails are sent to this address already.")
    account_id = work.exec(select(User.id).where(User.email == address.strip().lower())).first()
    target = "/admin/suppressed-addresses"
    record(work, Deed.SUPPRESSION_LIFTED, admin=admin, account_id=account_id, target=target)
    return Response(status_code=204)

"""Routes of mails."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api import admission, idempotency
from api.documents.service import DocumentNotFound
from api.emails import service
from api.emails.schemas import SendEmail
from api.errors import responses
from api.idempotency import REPLAYED_HEADER, Once
from api.identity import DetachedUser
from api.jobs.routes import queued_answer
from api.jobs.schemas import JobCard

router = APIRouter(tags=["emails"])
SEND: dict[str, Any] = {
    "summary": "Send a mail to yourself, to a user of this installation or, as an administrator, to anyone",
    "status_code": 202,
    "response_model": JobCard,
    "responses": {
        202: {"headers": REPLAYED_HEADER},
        **responses(
            service.RecipientNotAllowed,
            DocumentNotFound,
            admission.TooManyEmails,
            admission.TooManyOpenJobs,
            admission.BacklogFull,
            *idempotency.REFUSALS,
        ),
    },
}


@router.post("/emails", operation_id="createEmail", **SEND)
@router.post("/send-email", operation_id="sendEmail", **SEND)
def send_email(request: Request, wanted: SendEmail, user: DetachedUser, once: Once) -> Response:
    return once.answer(
        lambda session: queued_answer(
            request, session, service.send_email(session, once.resources, user, wanted), reused=False
        )
    )

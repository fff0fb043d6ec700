"""Routes of messages and conversations."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from api import idempotency
from api.conditional import json_answer
from api.documents.service import DocumentNotFound
from api.documents.sharing import NotYoursToShare
from api.errors import responses
from api.idempotency import REPLAYED_HEADER, Once
from api.identity import DetachedUser
from api.limited import per_user
from api.listing import Listing, Wanted, fetch, listing
from api.live import conversations, messages
from api.live.frames import MAX_ID, MAX_NUMBER, MessageCard, Upto
from api.rates import MESSAGE, RateLimited
from api.resources import Snapshot, Work
from shared.models import Conversation, Message

router = APIRouter(tags=["chat"])
MessageId = Annotated[int | None, Query(ge=0, le=MAX_NUMBER, description="A message id.")]
Peer = Annotated[int, Path(ge=1, le=MAX_ID, examples=[2])]
REFUSALS = (messages.RecipientNotFound, messages.ClientIdReused, DocumentNotFound, NotYoursToShare)


class Span(NamedTuple):
    """Which messages are asked for: those with one person, or with all, between two ids."""

    peer_id: int | None
    before: int | None
    after: int | None


async def _span(
    peer_id: Annotated[int | None, Query(alias="with", ge=1, le=MAX_ID, description="Only with this user.")] = None,
    before: MessageId = None,
    after: MessageId = None,
) -> Span:
    return Span(peer_id, before, after)


class ReadMark(BaseModel):
    """Up to which message a conversation has been read."""

    model_config = ConfigDict(extra="forbid")
    upto: Upto


@router.post(
    "/messages",
    operation_id="sendMessage",
    summary="Write to somebody, and share a document if you like",
    status_code=201,
    response_model=MessageCard,
    responses={
        200: {"model": MessageCard, "description": "A message with this `client_id` was sent before; this is it."},
        201: {"headers": REPLAYED_HEADER},
        **responses(*REFUSALS, *idempotency.REFUSALS, RateLimited),
    },
    dependencies=[Depends(per_user(MESSAGE))],
)
def send_message(request: Request, new: messages.NewMessage, user: DetachedUser, once: Once) -> Response:
    def post(session: Session) -> Response:
        message, was_sent = messages.post(session, user.id or 0, new)
        return json_answer(request, message, status=200 if was_sent else 201)

    return once.answer(post)


@router.get(
    "/messages",
    operation_id="listMessages",
    summary="What you wrote and got, newest first",
    response_model=Listing[MessageCard],
    responses=responses(),
)
def list_messages(
    request: Request,
    user: DetachedUser,
    view: Snapshot,
    wanted: Wanted,
    span: Annotated[Span, Depends(_span)],
) -> Response:
    statement = messages.own_messages(user, peer_id=span.peer_id, before=span.before, after=span.after)
    found, total, following = fetch(view, statement, wanted, key=Message.id, parse=_number)
    cards = [messages.card(message) for message in found]
    return json_answer(request, listing(wanted, cards, total=total, following=following))


@router.get(
    "/conversations",
    operation_id="listConversations",
    summary="With whom you write, who wrote last first",
    response_model=Listing[conversations.ConversationCard],
    responses=responses(),
)
def list_conversations(request: Request, user: DetachedUser, view: Snapshot, wanted: Wanted) -> Response:
    statement = conversations.own_conversations(user)
    found, total, following = fetch(view, statement, wanted, key=Conversation.last_message_id, parse=_number)
    cards = conversations.conversation_cards(view, user, found)
    return json_answer(request, listing(wanted, cards, total=total, following=following))


@router.get(
    "/conversations/{user_id}",
    operation_id="getConversation",
    summary="The conversation with one person, also before anything was written",
    response_model=conversations.ConversationCard,
    responses=responses(messages.RecipientNotFound),
)
def get_conversation(request: Request, user_id: Peer, user: DetachedUser, view: Snapshot) -> Response:
    return json_answer(request, conversations.conversation_with(view, user, user_id))


@router.put(
    "/conversations/{user_id}/read",
    operation_id="markRead",
    summary="You have read what this user wrote up to a message",
    status_code=204,
    response_class=Response,
    responses=responses(messages.RecipientNotFound),
)
def mark_read(user_id: Peer, mark: ReadMark, user: DetachedUser, work: Work) -> Response:
    messages.mark_read(work, user.id or 0, user_id, upto=mark.upto)
    return Response(status_code=204)


def _number(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MAX_NUMBER:
        raise ValueError
    return number

"""Conversations: with whom somebody writes, what was said last, what is unread, and who of them is there."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from api.accounts.schemas import UserCard
from api.live.frames import MessageCard
from api.live.messages import RecipientNotFound, card
from api.live.presence import states
from shared.accounts import stored_id
from shared.models import Conversation, Message, User


class ConversationCard(BaseModel):
    """A conversation as one of its people sees it."""

    user: UserCard
    active: bool = Field(description="Whether the other one can be written to; accounts may be switched off.")
    presence: Literal["online", "away", "offline"] | None = Field(description="Null before anything was written.")
    last_message: MessageCard | None = Field(description="Null before anything was written.")
    unread: int


def own_conversations(user: User) -> SelectOfScalar[Conversation]:
    return select(Conversation).where(Conversation.user_id == user.id)


def conversation_cards(session: Session, user: User, conversations: Sequence[Conversation]) -> list[ConversationCard]:
    """Render conversations with four queries for all of them."""
    peers = [conversation.peer_id for conversation in conversations]
    last_ids = [conversation.last_message_id for conversation in conversations]
    people = {person.id: person for person in session.exec(select(User).where(col(User.id).in_(peers)))}
    messages = {message.id: message for message in session.exec(select(Message).where(col(Message.id).in_(last_ids)))}
    unread, there = _unread(session, user, peers), states(session, peers)
    return [
        ConversationCard(
            user=UserCard.model_validate(people[conversation.peer_id], from_attributes=True),
            active=people[conversation.peer_id].is_active,
            presence=there.get(conversation.peer_id, "offline"),
            last_message=card(messages[conversation.last_message_id]),
            unread=unread.get(conversation.peer_id, 0),
        )
        for conversation in conversations
    ]


def conversation_with(session: Session, user: User, peer_id: int) -> ConversationCard:
    """Return the conversation with a person, or what it would begin from; raises RecipientNotFound."""
    known = session.get(Conversation, (stored_id(user), peer_id))
    if known is not None:
        return conversation_cards(session, user, [known])[0]
    peer = session.get(User, peer_id)
    if peer is None or not peer.is_active:
        raise RecipientNotFound("GET /users lists the people of this installation.")
    person = UserCard.model_validate(peer, from_attributes=True)
    return ConversationCard(user=person, active=True, presence=None, last_message=None, unread=0)


def _unread(session: Session, user: User, peers: Sequence[int]) -> dict[int, int]:
    """Return how many messages of each person the user has not read."""
    statement = (
        select(Message.sender_id, func.count())
        .where(Message.recipient_id == user.id, col(Message.sender_id).in_(peers), col(Message.read_at).is_(None))
        .group_by(col(Message.sender_id))
    )
    return dict(session.exec(statement).all())

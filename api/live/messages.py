"""The rules of messages: who may write to whom, when one was delivered and read, and what their people hear of it."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from api.documents.sharing import share
from api.live.frames import Content, MessageCard, UserId
from shared.errors import Conflict, NotFound
from shared.models import Conversation, Message, User
from shared.news import News, lock_news, write_news


class RecipientNotFound(NotFound):
    """There is no such user to write to."""

    code = "recipient_not_found"


class ClientIdReused(Conflict):
    """You sent another message under this client_id."""

    code = "client_id_reused"


class NewMessage(BaseModel):
    """What is sent over HTTP; other fields, a `sender_id` among them, are ignored: the sender is who is signed in."""

    recipient_id: UserId
    content: Content
    document_id: UUID | None = None
    client_id: UUID | None = None


def post(session: Session, sender_id: int, new: NewMessage) -> tuple[MessageCard, bool]:
    """Store a message, share its document, and tell both people; return it and whether it was there before.

    Raises RecipientNotFound, ClientIdReused, or what sharing raises.
    """
    _check_recipient(session, new.recipient_id)
    if new.document_id is not None:
        share(session, session.get_one(User, sender_id), new.document_id, reader_id=new.recipient_id)
    people = sorted({sender_id, new.recipient_id})
    lock_news(session, people)  # From here on this is the only writer to either, so ids follow the order of commits.
    known = _sent_before(session, sender_id, new)
    if known is not None:
        return card(known), True
    message = _insert(session, sender_id, new)
    body = {"message": card(message).model_dump(mode="json")}
    write_news(session, [News(person, "message", body) for person in people])
    return card(message), False


def mark_delivered(session: Session, user_id: int, *, event: int) -> None:
    """Take down that all messages among a user's events up to this one have arrived, and tell their senders."""
    statement = """
        UPDATE messages m SET delivered_at = now() FROM (
            SELECT id FROM messages WHERE recipient_id = :me AND delivered_at IS NULL AND id <= (
                SELECT (body -> 'message' ->> 'id')::bigint FROM events
                WHERE user_id = :me AND number <= :event AND type = 'message' ORDER BY number DESC LIMIT 1)
            ORDER BY id FOR UPDATE) AS arrived
        WHERE m.id = arrived.id RETURNING m.sender_id, m.id"""
    upto: dict[int, int] = {}
    for sender, number in session.execute(text(statement), {"me": user_id, "event": event}):
        upto[sender] = max(number, upto.get(sender, 0))
    upto.pop(user_id, None)  # Nobody needs to hear of notes to oneself.
    write_news(session, [News(peer, "delivered", {"peer_id": user_id, "upto": n}) for peer, n in upto.items()])


def mark_read(session: Session, user_id: int, peer_id: int, *, upto: int) -> None:
    """Take down that a user has read what a person wrote up to this message, and tell both; what is read has arrived.

    Raises RecipientNotFound when the two have no conversation.
    """
    if session.get(Conversation, (user_id, peer_id)) is None:
        raise RecipientNotFound("You have no conversation with this user.")
    statement = """
        UPDATE messages m SET read_at = now(), delivered_at = coalesce(delivered_at, now()) FROM (
            SELECT id FROM messages
            WHERE recipient_id = :me AND sender_id = :peer AND read_at IS NULL AND id <= :upto
            ORDER BY id FOR UPDATE) AS seen
        WHERE m.id = seen.id RETURNING m.id"""
    seen = session.execute(text(statement), {"me": user_id, "peer": peer_id, "upto": upto}).scalars().all()
    if not seen:
        return
    news = [News(user_id, "read", {"peer_id": peer_id, "by": "me", "upto": max(seen)})]
    if peer_id != user_id:
        news.append(News(peer_id, "read", {"peer_id": user_id, "by": "peer", "upto": max(seen)}))
    write_news(session, news)


def own_messages(
    user: User, *, peer_id: int | None, before: int | None = None, after: int | None = None
) -> SelectOfScalar[Message]:
    """Select what a user wrote and got, with one person or with all, between two message ids."""
    sent, got = col(Message.sender_id) == user.id, col(Message.recipient_id) == user.id
    if peer_id is not None:
        sent, got = sent & (col(Message.recipient_id) == peer_id), got & (col(Message.sender_id) == peer_id)
    statement = select(Message).where(or_(sent, got))
    if before is not None:
        statement = statement.where(col(Message.id) < before)
    return statement if after is None else statement.where(col(Message.id) > after)


def card(message: Message) -> MessageCard:
    return MessageCard.model_validate(message, from_attributes=True)


def _check_recipient(session: Session, recipient_id: int) -> None:
    statement = select(User.is_active).where(User.id == recipient_id)
    if not session.exec(statement).first():
        raise RecipientNotFound("GET /users lists the people of this installation.")


def _sent_before(session: Session, sender_id: int, new: NewMessage) -> Message | None:
    if new.client_id is None:
        return None
    statement = select(Message).where(Message.sender_id == sender_id, Message.client_id == new.client_id)
    known = session.exec(statement).first()
    if known is None:
        return None
    if (known.recipient_id, known.content, known.document_id) != (new.recipient_id, new.content, new.document_id):
        raise ClientIdReused("Send this message with a client_id of its own.")
    return known


def _insert(session: Session, sender_id: int, new: NewMessage) -> Message:
    """Write the message and put it on top of the conversation on both sides; a note to oneself is read at once."""
    statement = """
        WITH posted AS (
            INSERT INTO messages
                (sender_id, recipient_id, content, document_id, client_id, sent_at, delivered_at, read_at)
            VALUES (:sender, :recipient, :content, :document, :client, clock_timestamp(),
                    CASE WHEN :sender = :recipient THEN now() END, CASE WHEN :sender = :recipient THEN now() END)
            RETURNING *),
        listed AS (
            INSERT INTO conversations (user_id, peer_id, last_message_id)
            SELECT sender_id, recipient_id, id FROM posted UNION SELECT recipient_id, sender_id, id FROM posted
            ON CONFLICT (user_id, peer_id) DO UPDATE SET last_message_id = excluded.last_message_id)
        SELECT * FROM posted"""
    given: dict[str, Any] = {
        "sender": sender_id,
        "recipient": new.recipient_id,
        "content": new.content,
        "document": new.document_id,
        "client": new.client_id,
    }
    row = session.execute(text(statement), given).one()
    return Message(**row._asdict())

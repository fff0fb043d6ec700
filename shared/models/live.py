"""What people hear of: the numbered news of each user, messages, conversations, shared documents, and who is there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel, desc

from shared.models.columns import later, moment


class EventCounter(SQLModel, table=True):
    """The number of a user's last event; its row is the mutex of the user's news and messages."""

    __tablename__ = "event_counters"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    user_id: int = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE")
    last: int = Field(sa_type=BigInteger)


class Event(SQLModel, table=True):
    """One piece of news of one user; `body` is a frame of the live connection without its type and number.

    There is no foreign key: checking it would lock the row of the user with each event.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("events_old", "created_at"),
        Index("events_of_messages", "user_id", "number", postgresql_where=text("type = 'message'")),
    )

    user_id: int = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    type: str
    body: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = moment()


class Message(SQLModel, table=True):
    """What one user wrote to another; `client_id` is the sender's own name for it, by which a repeat is known.

    Ids of one user's messages grow in the order of their commits. `document_id` stays when the document is deleted.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("sender_id", "client_id", name="messages_once"),
        Index("messages_between", "sender_id", "recipient_id", desc("id")),
        Index("messages_undelivered", "recipient_id", "id", postgresql_where=text("delivered_at IS NULL")),
        Index("messages_unread", "recipient_id", "sender_id", "id", postgresql_where=text("read_at IS NULL")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(),))
    sender_id: int = Field(foreign_key="users.id", ondelete="CASCADE")
    recipient_id: int = Field(foreign_key="users.id", ondelete="CASCADE")
    content: str
    document_id: UUID | None = None
    client_id: UUID | None = None
    sent_at: datetime = moment()
    delivered_at: datetime | None = later()
    read_at: datetime | None = later()


class Conversation(SQLModel, table=True):
    """One user's side of a conversation; `last_message_id` orders the list."""

    __tablename__ = "conversations"
    __table_args__ = (Index("conversations_newest", "user_id", desc("last_message_id")),)

    user_id: int = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE")
    peer_id: int = Field(primary_key=True, foreign_key="users.id", ondelete="CASCADE")
    last_message_id: int = Field(sa_type=BigInteger)


class Share(SQLModel, table=True):
    """A user who may read a document of somebody else."""

    __tablename__ = "shares"

    document_id: UUID = Field(primary_key=True, foreign_key="documents.id", ondelete="CASCADE")
    user_id: int = Field(primary_key=True, foreign_key="users.id", index=True, ondelete="CASCADE")
    created_at: datetime = moment()


class Presence(SQLModel, table=True):
    """An open live connection of a user; `process_id` is the API process that renews `seen_at` of all of its own.

    The table is unlogged: after a crash of Postgres nobody is connected anyway.
    """

    __tablename__ = "presences"
    __table_args__ = (Index("presences_of_process", "process_id"), {"prefixes": ["UNLOGGED"]})

    connection_id: UUID = Field(primary_key=True)
    process_id: UUID
    user_id: int = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    is_active: bool = True
    seen_at: datetime = moment()

"""The numbered news of each user, messages, conversations, shared documents, and open connections."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("event_counters", "events", "messages", "conversations", "shares", "presences")


def upgrade() -> None:
    create_events()
    create_messages()
    create_shares()
    create_presences()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def create_events() -> None:
    op.create_table(
        "event_counters",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        user("user_id"),
        sa.PrimaryKeyConstraint("user_id"),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "events",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "number"),
    )
    op.create_index("events_old", "events", ["created_at"])
    is_message = sa.text("type = 'message'")
    op.create_index("events_of_messages", "events", ["user_id", "number"], postgresql_where=is_message)


def create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        user("sender_id"),
        user("recipient_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sender_id", "client_id", name="messages_once"),
    )
    op.create_index("messages_between", "messages", ["sender_id", "recipient_id", sa.text("id DESC")])
    undelivered, unread = sa.text("delivered_at IS NULL"), sa.text("read_at IS NULL")
    op.create_index("messages_undelivered", "messages", ["recipient_id", "id"], postgresql_where=undelivered)
    op.create_index("messages_unread", "messages", ["recipient_id", "sender_id", "id"], postgresql_where=unread)
    op.create_table(
        "conversations",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("peer_id", sa.Integer(), nullable=False),
        sa.Column("last_message_id", sa.BigInteger(), nullable=False),
        user("user_id"),
        user("peer_id"),
        sa.PrimaryKeyConstraint("user_id", "peer_id"),
    )
    op.create_index("conversations_newest", "conversations", ["user_id", sa.text("last_message_id DESC")])


def create_shares() -> None:
    op.create_table(
        "shares",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], ondelete="CASCADE"),
        user("user_id"),
        sa.PrimaryKeyConstraint("document_id", "user_id"),
    )
    op.create_index("ix_shares_user_id", "shares", ["user_id"])


def create_presences() -> None:
    op.create_table(
        "presences",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("process_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        user("user_id"),
        sa.PrimaryKeyConstraint("connection_id"),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_presences_user_id", "presences", ["user_id"])
    op.create_index("presences_of_process", "presences", ["process_id"])


def user(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["users.id"], ondelete="CASCADE")

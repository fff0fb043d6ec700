"""Mails and what they wait for, workers that send them, and jobs whose end is told by mail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("notify", sa.String(), nullable=True))
    op.add_column("workers", sa.Column("pool", sa.String(), nullable=False, server_default="readers"))
    op.alter_column("workers", "pool", server_default=None)
    create_emails()
    op.create_table(
        "suppressed_addresses",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_hash"),
    )
    op.create_table(
        "mail_pauses",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("host"),
    )


def downgrade() -> None:
    for table in ("mail_pauses", "suppressed_addresses", "emails"):
        op.drop_table(table)
    op.execute("DELETE FROM jobs WHERE kind = 'email'")
    op.execute("DELETE FROM workers WHERE pool <> 'readers'")
    op.drop_column("workers", "pool")
    op.drop_column("jobs", "notify")


def create_emails() -> None:
    op.create_table(
        "emails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("event_key", sa.String(), nullable=True),
        sa.Column("to_address", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("rendered_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("deferrals", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("smtp_code", sa.Integer(), nullable=True),
        sa.Column("smtp_enhanced", sa.String(), nullable=True),
        sa.Column("smtp_text", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("stage IN ('waiting', 'sending', 'data_sent', 'sent', 'failed')", name="emails_stage"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id"),
        sa.UniqueConstraint("event_key"),
        sa.UniqueConstraint("message_id"),
    )
    op.create_index("emails_of_owner", "emails", ["owner_id", "created_at"])

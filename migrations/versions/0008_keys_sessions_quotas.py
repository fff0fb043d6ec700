"""API keys, single-use tokens of account mails, where sessions are used, and quotas of pages and open jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("pages_per_day", sa.Integer(), nullable=True))
    op.add_column("users", sa.Column("open_jobs", sa.Integer(), nullable=True))
    widen_sessions()
    create_api_keys()
    create_account_tokens()


def downgrade() -> None:
    op.drop_table("account_tokens")
    op.drop_table("api_keys")
    op.drop_index("refresh_tokens_expiring")
    op.drop_index("sessions_expiring")
    op.drop_column("refresh_tokens", "spent_by")
    for column in ("address", "user_agent", "last_used_at", "expires_at"):
        op.drop_column("sessions", column)
    op.drop_column("users", "open_jobs")
    op.drop_column("users", "pages_per_day")


def widen_sessions() -> None:
    """Sessions from before are taken to be used now and to last for the default thirty days."""
    time = sa.DateTime(timezone=True)
    thirty_days = sa.text("now() + interval '30 days'")
    op.add_column("sessions", sa.Column("address", sa.String(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("user_agent", sa.String(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("last_used_at", time, nullable=False, server_default=sa.func.now()))
    op.add_column("sessions", sa.Column("expires_at", time, nullable=False, server_default=thirty_days))
    for column in ("address", "user_agent", "last_used_at", "expires_at"):
        op.alter_column("sessions", column, server_default=None)
    op.add_column("refresh_tokens", sa.Column("spent_by", sa.String(), nullable=True))
    op.create_index("sessions_expiring", "sessions", ["expires_at"])
    op.create_index("refresh_tokens_expiring", "refresh_tokens", ["expires_at"])


def create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"])


def create_account_tokens() -> None:
    op.create_table(
        "account_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('verify_email', 'reset_password')", name="account_tokens_purpose"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_account_tokens_user_id", "account_tokens", ["user_id"])

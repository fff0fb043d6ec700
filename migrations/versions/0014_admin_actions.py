"""What administrators did, in a table to which rows are only added."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

DEEDS = "'account_made', 'account_changed', 'job_retried', 'mails_read', 'suppression_lifted', 'flower_used'"


def upgrade() -> None:
    op.create_table(
        "admin_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("admin_id", sa.Integer(), nullable=True),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.CheckConstraint(f"deed IN ({DEEDS})", name="admin_actions_deed"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("""
        CREATE FUNCTION keep_admin_actions() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of admin_actions are only added' USING ERRCODE = 'check_violation';
        END $$""")
    op.execute("""
        CREATE TRIGGER admin_actions_kept BEFORE DELETE OR UPDATE OR TRUNCATE ON admin_actions
        FOR EACH STATEMENT EXECUTE FUNCTION keep_admin_actions()""")


def downgrade() -> None:
    op.drop_table("admin_actions")
    op.execute("DROP FUNCTION keep_admin_actions()")

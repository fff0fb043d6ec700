"""Why a document was repaired, why pdfplumber read a page, and which pages it reads again as a check."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("documents", sa.Column("repaired_because", sa.String(), nullable=True))
    op.add_column("pages", sa.Column("plain_because", sa.String(), nullable=True))
    op.create_table(
        "engine_checks",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("document_id", "number"),
    )
    waiting = sa.text("outcome IS NULL")
    op.create_index("engine_checks_waiting", "engine_checks", ["created_at"], postgresql_where=waiting)


def downgrade() -> None:
    op.drop_table("engine_checks")
    op.drop_column("pages", "plain_because")
    op.drop_column("documents", "repaired_because")

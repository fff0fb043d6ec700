"""What is made of documents on demand: page pictures, and what documents say of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "renditions",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("blob_key", sa.String(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("document_id", "name"),
        sa.UniqueConstraint("blob_key"),
    )
    made = sa.text("kind IN ('rendering', 'information')")
    op.create_index("jobs_of_renditions", "jobs", ["finished_at"], postgresql_where=made)


def downgrade() -> None:
    op.drop_index("jobs_of_renditions", "jobs")
    # Without these rows nobody knows of the blobs any more; the dispatcher erases them.
    op.execute(
        "INSERT INTO unowned_blobs (key, erase_after) SELECT blob_key, now() FROM renditions WHERE blob_key IS NOT NULL"
    )
    op.drop_table("renditions")
    op.execute("DELETE FROM jobs WHERE kind <> 'extraction'")

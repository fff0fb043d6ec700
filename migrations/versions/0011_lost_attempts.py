"""Attempts that ended badly, by the time of their end, for those who watch over the platform."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "attempts_bad", "attempts", ["ended_at"], postgresql_where=sa.text("outcome IN ('lost', 'crashed')")
    )


def downgrade() -> None:
    op.drop_index("attempts_bad", "attempts")

"""Which request a job comes from, so that its way can be followed in the logs of all processes."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("request_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "request_id")

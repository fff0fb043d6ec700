"""What the forms of a page's text are made of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pages", sa.Column("spans", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("pages", "spans")

"""The terms under which pages are found, for pages to come and for those that are there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.page_content import inflate, text_of
from shared.terms import as_tsvector

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

AT_ONCE = 200


def upgrade() -> None:
    op.add_column("pages", sa.Column("terms", postgresql.TSVECTOR(), nullable=True))
    find_known_pages()
    # Each search reads what waits to be sorted into the index, and who fills it up sorts it in: both stay short.
    op.execute("CREATE INDEX pages_terms ON pages USING gin (terms) WITH (gin_pending_list_limit = 1024)")


def downgrade() -> None:
    op.drop_column("pages", "terms")


def find_known_pages() -> None:
    """Fill in the terms a few pages at a time; the statements are those of this revision."""
    connection = op.get_bind()
    unread = sa.text("""
        SELECT p.document_id, p.settings, p.number, j.owner_id, p.content FROM pages p JOIN jobs j ON j.id = p.job_id
        WHERE p.content IS NOT NULL AND (p.document_id, p.settings, p.number) > (:document, :settings, :number)
        ORDER BY p.document_id, p.settings, p.number LIMIT :limit""")
    fill = sa.text("""
        UPDATE pages SET terms = CAST(:terms AS tsvector)
        WHERE document_id = :document AND settings = :settings AND number = :number""")
    last = {"document": "00000000-0000-0000-0000-000000000000", "settings": "", "number": 0}
    while rows := connection.execute(unread, {**last, "limit": AT_ONCE}).all():
        filled = [
            {
                "document": row.document_id,
                "settings": row.settings,
                "number": row.number,
                "terms": f"'owner:{row.owner_id}' " + as_tsvector(text_of(inflate(row.content))),
            }
            for row in rows
        ]
        connection.execute(fill, filled)
        last = {name: filled[-1][name] for name in last}

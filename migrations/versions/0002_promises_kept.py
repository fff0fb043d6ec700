"""Legal moves kept by triggers, fair turns, page ranges of parts, idempotency keys, unowned blobs, storage in use."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Frozen as of this revision; a test holds the triggers equal to `shared/models/states.py`.
JOB_MOVES = {
    "queued": ("running", "failed", "canceled"),
    "running": ("succeeded", "partial", "failed", "canceled"),
}
PART_MOVES = {
    "queued": ("dispatched", "canceled", "expired"),
    "dispatched": ("running", "queued", "canceled"),
    "running": ("succeeded", "failed", "dead", "retry_wait", "queued", "canceled"),
    "retry_wait": ("queued", "canceled", "expired"),
}


def upgrade() -> None:
    extend_jobs_and_parts()
    guard_states("jobs", JOB_MOVES)
    guard_states("parts", PART_MOVES)
    create_turns()
    create_idempotency_keys()
    create_unowned_blobs()
    count_storage()


def downgrade() -> None:
    op.execute("DROP TRIGGER documents_storage ON documents")
    op.execute("DROP FUNCTION count_storage()")
    op.drop_column("users", "storage_used")
    for table in ("unowned_blobs", "idempotency_keys", "turns"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE turn_seq")
    for table in ("jobs", "parts"):
        op.execute(f"DROP TRIGGER {table}_moves ON {table}")
        op.execute(f"DROP TRIGGER {table}_born ON {table}")
        op.execute(f"DROP FUNCTION guard_{table}()")
    op.create_index("parts_in_order", "parts", ["id"], postgresql_where=sa.text("state = 'queued'"))
    op.drop_index("parts_deadline", "parts")
    op.drop_column("parts", "is_brief")
    op.drop_index("jobs_finished", "jobs")
    op.drop_index("jobs_open", "jobs")
    op.drop_column("jobs", "failed_pages")
    op.drop_column("jobs", "cancel_requested_at")


def extend_jobs_and_parts() -> None:
    op.add_column("jobs", sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("failed_pages", postgresql.JSONB(), nullable=True))
    op.create_index("jobs_open", "jobs", ["owner_id"], postgresql_where=sa.text("state IN ('queued', 'running')"))
    op.create_index("jobs_finished", "jobs", ["finished_at"], postgresql_where=sa.text("finished_at IS NOT NULL"))
    op.add_column("parts", sa.Column("is_brief", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("parts", "is_brief", server_default=None)
    op.create_index(
        "parts_deadline",
        "parts",
        ["deadline_at"],
        postgresql_where=sa.text("deadline_at IS NOT NULL AND state IN ('queued', 'retry_wait')"),
    )
    op.drop_index("parts_in_order", "parts")


def guard_states(table: str, moves: dict[str, tuple[str, ...]]) -> None:
    """Refuse rows that are born in another state than queued, every other move, and so every way out of an end."""
    pairs = ", ".join(f"('{before}', '{after}')" for before, allowed in moves.items() for after in allowed)
    op.execute(f"""
        CREATE FUNCTION guard_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' AND NEW.state <> 'queued' THEN
                RAISE EXCEPTION 'a row of {table} begins as queued, not as %', NEW.state
                    USING ERRCODE = 'check_violation';
            ELSIF TG_OP = 'UPDATE' AND (OLD.state, NEW.state) NOT IN ({pairs}) THEN
                RAISE EXCEPTION '{table} do not move from % to %', OLD.state, NEW.state
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$""")
    op.execute(f"CREATE TRIGGER {table}_born BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION guard_{table}()")
    op.execute(f"""
        CREATE TRIGGER {table}_moves BEFORE UPDATE OF state ON {table} FOR EACH ROW
        WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION guard_{table}()""")


def create_turns() -> None:
    op.execute("CREATE SEQUENCE turn_seq")
    op.create_table(
        "turns",
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("last_turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "lane"),
    )


def create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner_id", "key"),
    )
    op.create_index("idempotency_keys_oldest", "idempotency_keys", ["created_at"])


def create_unowned_blobs() -> None:
    op.create_table(
        "unowned_blobs",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("erase_after", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("unowned_blobs_due", "unowned_blobs", ["erase_after"])


def count_storage() -> None:
    """Keep the bytes of each owner's documents in one number, exact because the database itself counts."""
    op.add_column("users", sa.Column("storage_used", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("users", "storage_used", server_default=None)
    op.execute("""
        UPDATE users SET storage_used = kept.bytes
        FROM (SELECT owner_id, sum(size) AS bytes FROM documents GROUP BY owner_id) AS kept WHERE kept.owner_id = id""")
    op.execute("""
        CREATE FUNCTION count_storage() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                UPDATE users SET storage_used = storage_used + NEW.size WHERE id = NEW.owner_id;
            ELSE
                UPDATE users SET storage_used = storage_used - OLD.size WHERE id = OLD.owner_id;
            END IF;
            RETURN NULL;
        END $$""")
    op.execute("""
        CREATE TRIGGER documents_storage AFTER INSERT OR DELETE ON documents FOR EACH ROW
        EXECUTE FUNCTION count_storage()""")

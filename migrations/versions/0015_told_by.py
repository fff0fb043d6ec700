"""Which mail tells of the end of a job: several can share one, which waits for the last of them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Frozen as of this revision, as in revision 0002; new is that what is queued may be made to wait.
PART_MOVES = {
    "queued": ("dispatched", "retry_wait", "canceled", "expired"),
    "dispatched": ("running", "queued", "canceled"),
    "running": ("succeeded", "failed", "dead", "retry_wait", "queued", "canceled"),
    "retry_wait": ("queued", "canceled", "expired"),
}


def upgrade() -> None:
    op.add_column("jobs", sa.Column("told_by", sa.Uuid(), nullable=True))
    op.create_index("jobs_told_by", "jobs", ["told_by"], postgresql_where=sa.text("told_by IS NOT NULL"))
    op.execute(r"UPDATE jobs SET told_by = e.id FROM emails e WHERE e.event_key = 'job\:' || jobs.id || '\:done'")
    guard_parts(PART_MOVES)


def downgrade() -> None:
    guard_parts({**PART_MOVES, "queued": ("dispatched", "canceled", "expired")})
    op.drop_column("jobs", "told_by")


def guard_parts(moves: dict[str, tuple[str, ...]]) -> None:
    pairs = ", ".join(f"('{before}', '{after}')" for before, allowed in moves.items() for after in allowed)
    op.execute(f"""
        CREATE OR REPLACE FUNCTION guard_parts() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' AND NEW.state <> 'queued' THEN
                RAISE EXCEPTION 'a row of parts begins as queued, not as %', NEW.state
                    USING ERRCODE = 'check_violation';
            ELSIF TG_OP = 'UPDATE' AND (OLD.state, NEW.state) NOT IN ({pairs}) THEN
                RAISE EXCEPTION 'parts do not move from % to %', OLD.state, NEW.state
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$""")

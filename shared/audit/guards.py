"""I3: no state is reached by a way that does not exist, because Postgres itself refuses it."""

from collections.abc import Mapping
from enum import StrEnum

from shared.audit.checks import Check
from shared.models.states import JOB_MOVES, PART_MOVES

# A guard's source, without white space at its ends and without its list of moves; migrations/ makes it.
GUARD = (
    "BEGIN IF TG_OP = ''INSERT'' AND NEW.state <> ''queued'' THEN"
    " RAISE EXCEPTION ''a row of {table} begins as queued, not as %'', NEW.state USING ERRCODE = ''check_violation'';"
    " ELSIF TG_OP = ''UPDATE'' AND (OLD.state, NEW.state) NOT IN () THEN"
    " RAISE EXCEPTION ''{table} do not move from % to %'', OLD.state, NEW.state USING ERRCODE = ''check_violation'';"
    " END IF; RETURN NEW; END"
)
TRIGGERS = {
    "{table}_born": "BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION guard_{table}()",
    "{table}_moves": "BEFORE UPDATE OF state ON {table} FOR EACH ROW"
    " WHEN (old.state::text IS DISTINCT FROM new.state::text) EXECUTE FUNCTION guard_{table}()",
}
STORAGE = ("documents_storage", "AFTER INSERT OR DELETE ON documents FOR EACH ROW EXECUTE FUNCTION count_storage()")
ACTIONS = (
    "admin_actions_kept",
    "BEFORE DELETE OR UPDATE OR TRUNCATE ON admin_actions FOR EACH STATEMENT EXECUTE FUNCTION keep_admin_actions()",
)


def _wanted_triggers() -> str:
    """Return the triggers and how Postgres prints them, as rows of VALUES."""
    guards = [(n.format(table=t), d.format(table=t)) for t in ("jobs", "parts") for n, d in TRIGGERS.items()]
    return ", ".join(f"('{name}', 'CREATE TRIGGER {name} {rest}')" for name, rest in (*guards, STORAGE, ACTIONS))


def _wanted_guards() -> str:
    """Return the functions, their sources without moves, and their moves, as rows of VALUES."""
    tables: tuple[tuple[str, Mapping[StrEnum, frozenset[StrEnum]]], ...] = (("jobs", JOB_MOVES), ("parts", PART_MOVES))  # type: ignore[assignment]  # Mapping is invariant in its keys.
    return ", ".join(f"('guard_{t}', '{GUARD.format(table=t)}', '{_moves(moves)}')" for t, moves in tables)


def _moves(moves: Mapping[StrEnum, frozenset[StrEnum]]) -> str:
    return " ".join(sorted(f"{before}>{after}" for before, allowed in moves.items() for after in allowed))


GUARDS = (
    Check(
        invariant="I3",
        name="triggers",
        claim="the triggers that guard states, storage and the record of administrators are there, enabled and current",
        subjects="triggers and functions",
        sql=f"""
            SELECT wanted.name FROM (VALUES {_wanted_triggers()}) AS wanted (name, definition)
            LEFT JOIN pg_trigger t ON t.tgname = wanted.name
                AND t.tgrelid = substring(wanted.definition FROM ' ON (\\w+) ')::regclass
                AND t.tgenabled IN ('O', 'A') AND pg_get_triggerdef(t.oid, true) = wanted.definition
            WHERE t.oid IS NULL
            UNION ALL
            SELECT wanted.name FROM (VALUES {_wanted_guards()}) AS wanted (name, source, moves)
            LEFT JOIN pg_proc f ON f.oid = to_regproc(wanted.name)
                AND btrim(regexp_replace(
                    regexp_replace(f.prosrc, $$\\('\\w+', '\\w+'\\)(, )?$$, '', 'g'), '\\s+', ' ', 'g')) = wanted.source
                AND wanted.moves = (
                    SELECT string_agg(m[1] || '>' || m[2], ' ' ORDER BY (m[1] || '>' || m[2]) COLLATE "C")
                    FROM regexp_matches(f.prosrc, $$\\('(\\w+)', '(\\w+)'\\)$$, 'g') AS m)
            WHERE f.oid IS NULL""",  # noqa: S608 — our own names.
        meaning="Postgres does not refuse what must not happen: any statement may move a job out of its end.",
        advice="Enable them (ALTER TABLE … ENABLE TRIGGER …), or restore the schema; `./sheaf migrate` makes only what"
        " belongs to missing revisions.",
    ),
    Check(
        invariant="I3",
        name="states",
        claim="every job and part is in a state that exists",
        subjects="jobs and parts",
        sql="""
            SELECT 'job ' || id FROM jobs WHERE state <> ALL (CAST(:job_states AS text[]))
            UNION ALL SELECT 'part ' || id FROM parts WHERE state <> ALL (CAST(:part_states AS text[]))""",
        meaning="No process knows what to do with these rows.",
        advice="Run the version of Sheaf that the database was migrated to; otherwise these were written by hand.",
    ),
)

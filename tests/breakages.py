"""How each check of the audit is broken, and nothing else with it: its name, and what `Population.break_by` takes."""

NOBODY_LATELY = "UPDATE attempts SET started_at = started_at - interval '1 h', ended_at = ended_at - interval '1 h'"
# A UUIDv7 of July 2024.
LONG_AGO_QUEUED = "UPDATE parts SET id = '0190a0de-0000-7000-8000-000000000000' WHERE job_id = {queued}"
GUARD_OF_ALL = "CREATE OR REPLACE FUNCTION guard_jobs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
MORE_MOVES = """DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('guard_parts'::regproc),
                $$('queued', 'dispatched')$$, $$('queued', 'dispatched'), ('succeeded', 'queued')$$); END $do$"""
BREAKAGES = (
    ("mail", "UPDATE emails SET stage = 'sending' WHERE job_id = {mailed}"),
    ("mail", "DELETE FROM emails WHERE job_id = {mailed}"),
    ("open-job-has-open-part", "UPDATE parts SET state = 'canceled' WHERE job_id = {queued}"),
    (
        "ended-job-has-no-open-part",
        "UPDATE parts SET state = 'queued' WHERE job_id = {failed}",
        "UPDATE attempts SET outcome = 'handed_back' WHERE part_id IN ({parts of failed})",
    ),
    ("finished-at", "UPDATE jobs SET finished_at = NULL WHERE id = {failed}"),
    ("finished-at", "UPDATE jobs SET finished_at = now() WHERE id = {running}"),
    ("started-at", "UPDATE jobs SET started_at = NULL WHERE id = {running}"),
    ("started-at", "UPDATE jobs SET started_at = now() WHERE id = {queued}"),
    ("truthful-end", "UPDATE jobs SET error_code = NULL WHERE id = {failed}"),
    ("truthful-end", "UPDATE jobs SET error_code = 'x' WHERE id = {succeeded}"),
    ("truthful-end", "UPDATE jobs SET state = 'partial' WHERE id = {succeeded}"),
    ("truthful-end", "UPDATE jobs SET state = 'failed', error_code = 'x' WHERE id = {selected}"),
    ("truthful-end", "UPDATE jobs SET state = 'canceled' WHERE id = {dead}"),
    ("latest-job", "UPDATE documents SET latest_job_id = NULL WHERE latest_job_id = {failed}"),
    ("latest-job", "UPDATE documents SET latest_job_id = {dead} WHERE latest_job_id = {failed}"),
    ("latest-job", "UPDATE jobs SET kind = 'rendering' WHERE id = {failed}"),
    ("lease", "UPDATE parts SET lease_until = now() - interval '61 s' WHERE job_id = {running}"),
    ("lease", "UPDATE parts SET lease_until = NULL WHERE job_id = {dispatched}"),
    ("retry", "UPDATE parts SET run_after = now() - interval '61 s' WHERE job_id = {crashed}"),
    ("retry", "UPDATE parts SET run_after = NULL WHERE job_id = {crashed}"),
    (
        "stuck",
        NOBODY_LATELY,
        LONG_AGO_QUEUED,
        "UPDATE workers SET started_at = now() - interval '1 h'",
    ),
    ("stuck", NOBODY_LATELY, LONG_AGO_QUEUED, "DELETE FROM workers"),
    ("cancel", "UPDATE jobs SET cancel_requested_at = now() - interval '61 s' WHERE id = {running}"),
    ("deadline", "UPDATE parts SET deadline_at = now() - interval '301 s' WHERE job_id = {queued}"),
    ("page-count", "UPDATE jobs SET pages_total = NULL WHERE id = {partial}"),
    ("page-count", "UPDATE jobs SET pages_done = 7 WHERE id = {selected}"),
    ("page-count", "UPDATE jobs SET page_ranges = '2,4-5,8' WHERE id = {selected}"),
    (
        "page-count",
        "DELETE FROM pages WHERE job_id = {selected} AND number = 5",
        "UPDATE attempts SET pages_done = pages_done - 1 WHERE part_id IN ({parts of selected})",
    ),
    (
        "failed-pages",
        "UPDATE jobs SET failed_pages = NULL WHERE id = {partial}",
    ),
    (
        "failed-pages",
        """INSERT INTO pages (document_id, settings, number, job_id, attempt, table_count, error_code, created_at)
           SELECT document_id, settings, 1, id, 0, 0, 'x', now() FROM jobs WHERE id = {failed}""",
    ),
    ("page-job", "UPDATE pages SET attempt = 2 WHERE job_id = {running}"),
    (
        "page-job",
        "UPDATE pages SET job_id = gen_random_uuid() WHERE job_id = {running}",
    ),
    ("page-content", "UPDATE pages SET content = NULL WHERE job_id = {running}"),
    ("page-content", "UPDATE pages SET error_code = 'x', content = '' WHERE job_id = {running}"),
    (
        "page-attempts",
        "UPDATE attempts SET pages_done = 0 WHERE part_id IN ({parts of running})",
    ),
    (
        "page-attempts",
        "UPDATE attempts SET pages_done = 9 WHERE part_id IN ({parts of selected})",
    ),
    ("triggers", "ALTER TABLE jobs DISABLE TRIGGER jobs_moves"),
    ("triggers", "ALTER TABLE parts DISABLE TRIGGER parts_born"),
    ("triggers", "ALTER TABLE jobs ENABLE REPLICA TRIGGER jobs_born"),
    ("triggers", "DROP TRIGGER documents_storage ON documents"),
    ("triggers", "ALTER TABLE admin_actions DISABLE TRIGGER admin_actions_kept"),
    ("triggers", GUARD_OF_ALL),
    ("triggers", MORE_MOVES),
    (
        "triggers",
        "DROP TRIGGER parts_moves ON parts",
        """CREATE TRIGGER parts_moves BEFORE UPDATE OF state ON parts FOR EACH ROW
           WHEN (OLD.state = 'queued') EXECUTE FUNCTION guard_parts()""",
    ),
    (
        "states",
        "ALTER TABLE parts DROP CONSTRAINT parts_state",
        "UPDATE parts SET state = 'odd' WHERE job_id = {dead}",
        "UPDATE jobs SET pages_done = 0, state = 'failed' WHERE id = {dead}",
    ),
    (
        "attempt-rows",
        "DELETE FROM attempts WHERE attempt = 1 AND part_id IN ({parts of failed})",
    ),
    ("attempt-rows", "UPDATE attempts SET attempt = 2 WHERE part_id IN ({parts of failed})"),
    ("attempt-rows", "UPDATE jobs SET attempt = 0 WHERE id = {failed}"),
    ("outcome", "UPDATE attempts SET outcome = NULL WHERE part_id IN ({parts of failed})"),
    (
        "outcome",
        "UPDATE attempts SET outcome = 'odd' WHERE attempt = 1 AND part_id IN ({parts of dead})",
        "UPDATE parts SET strikes = 2 WHERE job_id = {dead}",
    ),
    (
        "open-attempt",
        "UPDATE attempts SET ended_at = now(), outcome = 'lost', pages_done = 1 WHERE part_id IN ({parts of running})",
    ),
    (
        "open-attempt",
        "UPDATE attempts SET ended_at = NULL, outcome = NULL WHERE part_id IN ({parts of failed})",
    ),
    (
        "last-attempt",
        "UPDATE attempts SET outcome = 'canceled' WHERE part_id IN ({parts of failed})",
    ),
    ("last-attempt", "UPDATE parts SET state = 'succeeded' WHERE job_id = {dead}"),
    (
        "last-attempt",
        "UPDATE attempts SET outcome = 'failed' WHERE part_id IN ({parts of crashed})",
        "UPDATE parts SET strikes = 0 WHERE job_id = {crashed}",
    ),
    ("strikes", "UPDATE parts SET strikes = 0 WHERE job_id = {crashed}"),
    ("strikes", "UPDATE parts SET max_attempts = 1 WHERE job_id = {crashed}"),
    ("strikes", "UPDATE parts SET max_attempts = 2 WHERE job_id = {dead}"),
    (
        "kept-answer",
        "UPDATE idempotency_keys SET headers = jsonb_build_object('Location', '/jobs/' || gen_random_uuid())",
    ),
    (
        "engine-check",
        """INSERT INTO engine_checks (document_id, number, created_at, outcome)
            SELECT id, 1, now(), 'differs: words' FROM documents LIMIT 1""",
    ),
    ("kept-answer", "UPDATE idempotency_keys SET headers = jsonb_build_object('Location', '/jobs/' || {partial})"),
    ("answer-kept", "UPDATE idempotency_keys SET status = 0, body = ''"),
    ("same-upload", "UPDATE documents SET sha256 = '' WHERE latest_job_id IN ({failed}, {dead})"),
    ("owner", "UPDATE parts SET owner_id = owner_id + 1 WHERE job_id = {failed}"),
    (
        "owner",
        "UPDATE jobs SET owner_id = 0 WHERE id = {failed}",
        "UPDATE parts SET owner_id = 0 WHERE job_id = {failed}",
    ),
    ("storage-used", "UPDATE users SET storage_used = storage_used + 1"),
    ("blob-owned-once", "INSERT INTO unowned_blobs SELECT blob_key, now() FROM documents LIMIT 1"),
    (
        "blob-owned-once",
        """INSERT INTO renditions (document_id, name, size, created_at, blob_key, sha256)
           SELECT id, 'x', 1, now(), (SELECT key FROM unowned_blobs LIMIT 1), 'x' FROM documents LIMIT 1""",
    ),
    (
        "rendition",
        "INSERT INTO renditions (document_id, name, size, created_at) SELECT id, 'x', 0, now() FROM documents LIMIT 1",
    ),
    (
        "rendition",
        """INSERT INTO renditions (document_id, name, size, created_at, blob_key)
           SELECT id, 'x', 0, now(), 'x' FROM documents LIMIT 1""",
    ),
    ("news", "UPDATE event_counters SET last = last + 1"),
    ("news", "DELETE FROM events WHERE number = 2"),
    ("erased", "UPDATE unowned_blobs SET erase_after = now() - interval '25 h'"),
)

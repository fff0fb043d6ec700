"""I1, the way there: whatever is due is done soon, by the database's clock."""

from shared.audit.checks import Check

LOOK_AT_DISPATCHER = (
    "See in /readyz whether a dispatcher leads and workers live; start `./sheaf up` or the missing process of the"
    " Procfile, and look into its log."
)
PROGRESS = (
    Check(
        invariant="I1",
        name="lease",
        claim="every dispatched or running part has a lease that is renewed or taken back",
        subjects="parts",
        sql="""
            SELECT id FROM parts WHERE state IN ('dispatched', 'running')
            AND (lease_until IS NULL OR lease_until < now() - make_interval(secs => :grace_s))""",
        meaning="Whoever held these parts is gone, and nobody takes them back.",
        advice=LOOK_AT_DISPATCHER,
    ),
    Check(
        invariant="I1",
        name="retry",
        claim="every part that waits for another attempt is queued when its time has come",
        subjects="parts",
        sql="""
            SELECT id FROM parts WHERE state = 'retry_wait'
            AND (run_after IS NULL OR run_after < now() - make_interval(secs => :grace_s))""",
        meaning="The next attempt of these parts is overdue.",
        advice=LOOK_AT_DISPATCHER,
    ),
    # A part has no column for when it began to wait, so the oldest moment in question is that in its id (a UUIDv7). A
    # deep queue or long parts are healthy; that for minutes no attempt began or ended while slots are idle is not.
    # `pick` of shared/fairness.py lets long parts take all slots but one.
    Check(
        invariant="I1",
        name="stuck",
        claim="no part waits for minutes while nothing moves and slots are idle",
        subjects="parts",
        sql="""
            WITH pools (is_email, slots, running, long_parts) AS (
                SELECT is_email,
                       (SELECT coalesce(sum(slots), 0) FROM workers WHERE (pool = 'mailers') = is_email
                        AND heartbeat_at > now() - make_interval(secs => :alive_s)),
                       count(*) FILTER (WHERE state = 'running'),
                       count(*) FILTER (WHERE lane > 0 AND NOT is_brief)
                FROM (VALUES (false), (true)) AS pool (is_email)
                LEFT JOIN parts ON (lane = 3) = is_email AND state IN ('dispatched', 'running')
                GROUP BY is_email)
            SELECT p.id FROM parts p JOIN pools ON is_email = (p.lane = 3)
            WHERE p.state IN ('queued', 'dispatched')
              AND (slots = 0 OR running < slots)
              AND NOT (p.state = 'queued' AND p.lane > 0 AND NOT p.is_brief AND slots >= 4 AND long_parts >= slots - 1)
              AND to_timestamp(('x' || translate(left(p.id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)
                  < now() - make_interval(secs => :stuck_s)
              AND NOT EXISTS (
                SELECT FROM attempts WHERE greatest(started_at, ended_at) > now() - make_interval(secs => :stuck_s))
              AND NOT (is_email AND EXISTS (SELECT FROM mail_pauses WHERE until > now()))
              AND NOT EXISTS (SELECT FROM workers WHERE started_at > now() - make_interval(secs => :grace_s))""",
        meaning="These parts wait although somebody could read them, or nobody is there who could.",
        advice=LOOK_AT_DISPATCHER + " Messages that no worker takes point to the broker, or to a worker to restart.",
    ),
    Check(
        invariant="I1",
        name="cancel",
        claim="every job whose cancellation was asked for ends soon",
        subjects="jobs",
        sql="""
            SELECT id FROM jobs WHERE state IN ('queued', 'running')
            AND cancel_requested_at < now() - make_interval(secs => :grace_s)""",
        meaning="The user asked to stop these jobs, and they go on or wait.",
        advice="See in `parts` who has the job, and restart that worker; what waits is canceled when it is claimed.",
    ),
    Check(
        invariant="I1",
        name="deadline",
        claim="no part waits or runs long past its deadline",
        subjects="parts",
        sql="""
            SELECT id FROM parts WHERE state IN ('queued', 'retry_wait', 'running')
            AND deadline_at < now() - make_interval(secs => :stuck_s)""",
        meaning="These parts should have ended as expired.",
        advice=LOOK_AT_DISPATCHER,
    ),
)

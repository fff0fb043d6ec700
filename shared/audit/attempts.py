"""I4: every attempt is on record with its outcome, and there are no more of them than allowed."""

from shared.audit.checks import Check

REPORT = "The history of these parts cannot be trusted; their results can, as far as I2 holds. Report it."
ATTEMPTS = (
    Check(
        invariant="I4",
        name="attempt-rows",
        claim="every attempt of a part has its row",
        subjects="parts",
        sql="""
            SELECT p.id FROM parts p JOIN jobs j ON j.id = p.job_id LEFT JOIN (
                SELECT part_id, count(*) AS rows, max(attempt) AS last FROM attempts GROUP BY part_id
            ) a ON a.part_id = p.id
            WHERE (j.finished_at IS NULL OR j.finished_at > now() - make_interval(days => :kept_days))
              AND (p.attempt <> coalesce(a.rows, 0) OR p.attempt <> coalesce(a.last, 0) OR p.attempt > j.attempt)""",
        meaning="Somebody ran these parts without leaving a trace, or the trace was deleted.",
        advice=REPORT,
    ),
    Check(
        invariant="I4",
        name="outcome",
        claim="exactly the ended attempts have an outcome",
        subjects="attempts",
        sql="""
            SELECT part_id || '/' || attempt FROM attempts WHERE (ended_at IS NULL) <> (outcome IS NULL)
            OR outcome NOT IN ('succeeded', 'failed', 'canceled', 'crashed', 'handed_back', 'deferred', 'lost')""",
        meaning="Nobody knows what became of these attempts.",
        advice=REPORT,
    ),
    Check(
        invariant="I4",
        name="open-attempt",
        claim="a running part has exactly one open attempt, its latest, and no other part has any",
        subjects="parts",
        sql="""
            SELECT DISTINCT coalesce(p.id, a.part_id) FROM (
                SELECT id, attempt FROM parts WHERE state = 'running') p
            FULL JOIN (SELECT part_id, attempt FROM attempts WHERE ended_at IS NULL) a
                ON a.part_id = p.id AND a.attempt = p.attempt
            WHERE p.id IS NULL OR a.part_id IS NULL""",
        meaning="Two may hold one part, or a part runs that nobody holds.",
        advice="Restart the worker that `parts` names; its leases are taken back within 32 s. Report it.",
    ),
    Check(
        invariant="I4",
        name="last-attempt",
        claim="a part ended as its last attempt did",
        subjects="parts",
        sql="""
            SELECT p.id FROM parts p LEFT JOIN attempts a ON a.part_id = p.id AND a.attempt = p.attempt
            WHERE CASE
                WHEN p.state IN ('succeeded', 'failed') THEN p.attempt = 0 OR a.outcome <> p.state
                WHEN p.state = 'dead' THEN p.attempt = 0 OR a.outcome NOT IN ('crashed', 'lost', 'handed_back')
                ELSE a.outcome IN ('succeeded', 'failed') END""",
        meaning="These parts went on after an attempt had ended them, or ended without one.",
        advice=REPORT,
    ),
    Check(
        invariant="I4",
        name="strikes",
        claim="each bad attempt without a new page is a strike, and a part with too many is given up",
        subjects="parts",
        sql="""
            SELECT p.id FROM parts p JOIN jobs j ON j.id = p.job_id LEFT JOIN (
                SELECT part_id, count(*) AS bad FROM attempts
                WHERE outcome IN ('crashed', 'lost') AND pages_done = 0 GROUP BY part_id) a ON a.part_id = p.id
            WHERE p.strikes > p.max_attempts
               OR (p.strikes = p.max_attempts AND p.state IN ('queued', 'dispatched', 'running', 'retry_wait'))
               OR (p.strikes <> coalesce(a.bad, 0)
                   AND (j.finished_at IS NULL OR j.finished_at > now() - make_interval(days => :kept_days)))""",
        meaning="A file that kills every sandbox could be tried without end, or one was given up too early.",
        advice="Cancel the jobs of these parts if they are open. Report it: this is a defect.",
    ),
)

"""I1, the state of jobs: every accepted job ends in exactly one state, and that state tells the truth."""

from shared.audit.checks import Check

ENDINGS = (
    Check(
        invariant="I1",
        name="open-job-has-open-part",
        claim="every open job has an open part",
        subjects="jobs",
        sql="""
            SELECT j.id FROM jobs j WHERE j.state IN ('queued', 'running') AND NOT EXISTS (
                SELECT FROM parts p
                WHERE p.job_id = j.id AND p.state IN ('queued', 'dispatched', 'running', 'retry_wait'))""",
        meaning="Nothing is left that could end these jobs; they stay open for ever.",
        advice="Cancel each with POST /jobs/{id}/cancel, which ends it, and retry it. Report it: this is a defect.",
    ),
    Check(
        invariant="I1",
        name="ended-job-has-no-open-part",
        claim="no ended job has an open part",
        subjects="jobs",
        sql="""
            SELECT DISTINCT j.id FROM parts p JOIN jobs j ON j.id = p.job_id
            WHERE p.state IN ('queued', 'dispatched', 'running', 'retry_wait')
              AND j.state NOT IN ('queued', 'running')""",
        meaning="These jobs were called done while a part of them was still to be read.",
        advice="Wait until the parts have ended, then read the pages again. Report it: this is a defect.",
    ),
    Check(
        invariant="I1",
        name="finished-at",
        claim="exactly the ended jobs have a time of their end",
        subjects="jobs",
        sql="SELECT id FROM jobs WHERE (state IN ('queued', 'running')) = (finished_at IS NOT NULL)",
        meaning="State and time of these jobs contradict each other; one of the two was written by hand.",
        advice="Find out who writes to `jobs` beside Sheaf; the triggers of I3 refuse no write to other columns.",
    ),
    Check(
        invariant="I1",
        name="started-at",
        claim="a job is queued until a worker claims it, and has a time of its start from then on",
        subjects="jobs",
        sql="""
            SELECT j.id FROM jobs j WHERE CASE
                WHEN j.state = 'queued' THEN j.started_at IS NOT NULL
                    OR EXISTS (SELECT FROM parts p WHERE p.job_id = j.id AND p.attempt > 0)
                WHEN j.state IN ('running', 'succeeded', 'partial') THEN j.started_at IS NULL ELSE false END""",
        meaning="What these jobs say of their start is not what happened to their parts.",
        advice="Compare with `attempts` of the job's parts, which tell who began when. Report it: this is a defect.",
    ),
    Check(
        invariant="I1",
        name="truthful-end",
        claim="the state and error of each ended job are what its parts and pages came to",
        subjects="jobs",
        sql="""
            SELECT j.id FROM jobs j LEFT JOIN (
                SELECT job_id, bool_or(state = 'canceled') AS canceled,
                       bool_or(state IN ('failed', 'dead', 'expired')) AS broken
                FROM parts GROUP BY job_id) p ON p.job_id = j.id
            WHERE CASE j.state
                WHEN 'succeeded' THEN p.canceled OR p.broken OR j.pages_failed > 0 OR j.error_code IS NOT NULL
                WHEN 'partial' THEN p.canceled OR j.pages_done = 0 OR NOT (p.broken OR j.pages_failed > 0)
                WHEN 'failed' THEN p.canceled OR j.pages_done > 0 OR j.error_code IS NULL
                WHEN 'canceled' THEN NOT p.canceled ELSE false END""",
        meaning="These jobs promise more or less than there is.",
        advice="Look at the job's parts and pages before trusting its result; a retry reads what is missing.",
    ),
    Check(
        invariant="I1",
        name="mail",
        claim="every job of a mail has one, and has succeeded exactly when a server has taken it",
        subjects="jobs",
        sql="""
            SELECT j.id FROM jobs j LEFT JOIN emails e ON e.job_id = j.id
            WHERE j.kind = 'email' AND (e.id IS NULL OR (j.state = 'succeeded') <> (e.stage = 'sent')
                                        OR (e.stage = 'sent') <> (e.sent_at IS NOT NULL))""",
        meaning="These jobs say of a mail what did not happen to it.",
        advice="Believe the mail server's log. Report it: this is a defect.",
    ),
    Check(
        invariant="I1",
        name="latest-job",
        claim="every document has a latest extraction of its own",
        subjects="documents",
        sql="""
            SELECT d.id FROM documents d LEFT JOIN jobs j ON j.id = d.latest_job_id
            WHERE j.document_id IS DISTINCT FROM d.id OR j.kind <> 'extraction'""",
        meaning="The upload of these documents was answered, but no job, or a stranger's, speaks for them.",
        advice="Upload the file again. If rows of `jobs` were deleted by hand, restore them from the backup.",
    ),
)

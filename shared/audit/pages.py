"""I2: pages are complete, written once, and accounted for by the attempts that wrote them."""

from shared.audit.checks import Check

RETRY = "Retry the job: good pages are kept, the others are read anew. Report it: this is a defect."
PAGES = (
    # Selections are `1-5,9` (shared/page_ranges.py). A later job may have read pages that an ended one failed to read,
    # so there may be more good pages than the job counted, never fewer.
    Check(
        invariant="I2",
        name="page-count",
        claim="a succeeded or partial job counts every page it was asked for, and each of them has a row",
        subjects="jobs",
        sql="""
            WITH ended AS (
                SELECT * FROM jobs WHERE state IN ('succeeded', 'partial') AND kind = 'extraction'),
            runs AS (
                SELECT j.id, j.document_id, j.settings, split_part(run, '-', 1)::int AS first,
                       least(coalesce(nullif(split_part(run, '-', 2), ''), run)::int, d.page_count) AS last
                FROM ended j JOIN documents d ON d.id = j.document_id
                CROSS JOIN unnest(string_to_array(coalesce(j.page_ranges, '1-' || d.page_count), ',')) AS run),
            selected AS (SELECT id, sum(last - first + 1) AS pages FROM runs WHERE first <= last GROUP BY id),
            stored AS (
                SELECT r.id, count(*) AS pages, count(*) FILTER (WHERE g.error_code IS NULL) AS good
                FROM runs r JOIN pages g ON g.document_id = r.document_id AND g.settings = r.settings
                    AND g.number BETWEEN r.first AND r.last
                GROUP BY r.id)
            SELECT j.id FROM ended j LEFT JOIN selected s ON s.id = j.id LEFT JOIN stored g ON g.id = j.id
            WHERE j.pages_total IS NULL OR j.pages_done + j.pages_failed <> j.pages_total
               OR s.pages IS DISTINCT FROM j.pages_total OR g.pages IS DISTINCT FROM j.pages_total
               OR g.good < j.pages_done""",
        meaning="The result of these jobs is not what they say: pages are missing, or counted wrongly.",
        advice=RETRY,
    ),
    Check(
        invariant="I2",
        name="failed-pages",
        claim="an ended job lists each page that failed",
        subjects="jobs",
        sql="""
            SELECT id FROM jobs WHERE state NOT IN ('queued', 'running')
            AND coalesce(jsonb_array_length(failed_pages), 0) <> pages_failed
            UNION
            SELECT j.id FROM pages g JOIN jobs j ON j.id = g.job_id
            WHERE g.error_code IS NOT NULL AND j.state NOT IN ('queued', 'running')
              AND NOT coalesce(j.failed_pages, '[]') @> jsonb_build_array(
                jsonb_build_object('number', g.number, 'code', g.error_code))""",
        meaning="Pages are missing from the results of these jobs without being named.",
        advice=RETRY,
    ),
    Check(
        invariant="I2",
        name="page-job",
        claim="every page belongs to a job of its document and settings, and to an attempt that this job had",
        subjects="pages",
        sql="""
            SELECT g.document_id || '/' || g.number FROM pages g LEFT JOIN jobs j ON j.id = g.job_id
            WHERE j.document_id IS DISTINCT FROM g.document_id OR j.settings <> g.settings OR g.attempt > j.attempt""",
        meaning="Nobody who was entitled to wrote these pages.",
        advice="Do not trust them: delete the document and upload the file again. Report it: this is a defect.",
    ),
    Check(
        invariant="I2",
        name="page-content",
        claim="every page has either content or an error",
        subjects="pages",
        sql="""
            SELECT document_id || '/' || number FROM pages WHERE (content IS NULL) = (error_code IS NULL)""",
        meaning="These pages are neither read nor failed.",
        advice="Delete the document and upload the file again. Report it: this is a defect.",
    ),
    # What a broken part never reached is written when the job ends, by no attempt; a failed page may since have been
    # read by another job. So only good pages are compared, and all of them where none failed and no other job was.
    Check(
        invariant="I2",
        name="page-attempts",
        claim="the pages that a job wrote are those that its attempts recorded",
        subjects="jobs",
        sql="""
            WITH written AS (
                SELECT job_id, count(*) AS pages, count(*) FILTER (WHERE error_code IS NULL) AS good
                FROM pages GROUP BY job_id),
            recorded AS (
                SELECT p.job_id, sum(a.pages_done) AS pages FROM attempts a JOIN parts p ON p.id = a.part_id
                GROUP BY p.job_id)
            SELECT j.id FROM jobs j LEFT JOIN written w ON w.job_id = j.id LEFT JOIN recorded r ON r.job_id = j.id
            WHERE (j.finished_at IS NULL OR j.finished_at > now() - make_interval(days => :kept_days))
              AND (coalesce(w.good, 0) > coalesce(r.pages, 0)
                   OR (j.state = 'succeeded' AND coalesce(w.pages, 0) <> coalesce(r.pages, 0) AND NOT EXISTS (
                       SELECT FROM jobs o
                       WHERE o.document_id = j.document_id AND o.settings = j.settings AND o.id <> j.id)))""",
        meaning="Pages of these jobs were written behind the fence, or recorded ones were lost.",
        advice="Do not trust them: delete the document and upload the file again. Report it: this is a defect.",
    ),
    Check(
        invariant="I2",
        name="engine-check",
        claim="what the engine read is what pdfplumber reads, on every page where both were asked",
        subjects="pages",
        sql="SELECT document_id || '/' || number FROM engine_checks WHERE outcome LIKE 'differs%'",
        meaning="The results of these pages are not pdfplumber's, and maybe those of others like them.",
        advice="Read these documents again with `text_settings` that name pdfplumber's defaults, which it then reads"
        " itself. Report it with the file, if it may be seen: this is a defect.",
    ),
)

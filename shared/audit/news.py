"""I6: nobody misses news: each user's log has every number."""

from shared.audit.checks import Check

NEWS = (
    Check(
        invariant="I6",
        name="news",
        claim="the numbers of each user's news follow one another up to the last one that was given",
        subjects="users",
        sql="""
            SELECT log.user_id FROM (
                SELECT user_id, min(number) AS first, max(number) AS last, count(*) AS count FROM events
                GROUP BY user_id) AS log
            LEFT JOIN event_counters c USING (user_id)
            WHERE c.last IS DISTINCT FROM log.last OR log.count <> log.last - log.first + 1""",
        meaning="A client that follows these users' news may wait for an event that never comes, or miss one.",
        advice="Ask them to load their lists again. Find out who writes to `events` beside Sheaf, and report it.",
    ),
)

"""The news of users: numbered events, written by the transaction that makes the change they tell of.

The numbers of a user have no gaps and follow the order of the commits, because the counter's row stays locked until the
commit. So it is taken late: after the rows of users, jobs, parts, documents and messages, and those of several users in
the order of their ids. A notice that Postgres sends with the commit tells who has news.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from shared.models import Job
from shared.notices import NEWS_CHANNEL

KEPT_FOR_D = 7
AT_ONCE = 5000


class News(NamedTuple):
    """One event to be written; `body` is a frame of the live connection without its type and number."""

    user_id: int
    type: str
    body: Mapping[str, Any]


def announce_job(session: Session, job: Job, *, channel: str | None = None) -> None:
    """Tell the owner, and whoever the document is shared with, what state a job is in now; of mails only the owner.

    With a channel this also counts the change of the document and wakes those who wait for it, as `touch` does: one
    statement for everything, because it is part of each job.
    """
    session.flush()  # The state is read from the row, and the counter is the last lock that is taken.
    statement = """
        WITH touched AS (
            UPDATE documents SET rev = rev + 1 WHERE id = :document AND CAST(:channel AS text) IS NOT NULL
            RETURNING id, rev),
        told AS (
            SELECT j.owner_id AS user_id FROM jobs j WHERE j.id = :job
            UNION SELECT s.user_id FROM shares s WHERE s.document_id = :document AND :kind <> 'email'),
        taken AS (
            INSERT INTO event_counters AS c (user_id, last)
            SELECT told.user_id, 1 FROM told LEFT JOIN touched ON true ORDER BY told.user_id
            ON CONFLICT (user_id) DO UPDATE SET last = c.last + 1
            RETURNING user_id, last),
        written AS (
            INSERT INTO events (user_id, number, type, body, created_at)
            SELECT taken.user_id, taken.last, 'job', jsonb_build_object(
                'job_id', j.id, 'document_id', j.document_id, 'kind', j.kind, 'state', j.state,
                'pages_done', j.pages_done, 'pages_failed', j.pages_failed, 'pages_total', j.pages_total,
                'rev', coalesce(touched.rev, d.rev, 0), 'error', j.error_code), clock_timestamp()
            FROM taken CROSS JOIN jobs j LEFT JOIN documents d ON d.id = j.document_id LEFT JOIN touched ON true
            WHERE j.id = :job
            RETURNING user_id)
        SELECT pg_notify(:news, user_id::text) FROM written
        UNION ALL SELECT pg_notify(:channel, id::text) FROM touched"""
    given = {"job": job.id, "document": job.document_id, "kind": job.kind, "channel": channel, "news": NEWS_CHANNEL}
    session.execute(text(statement), given)


def lock_news(session: Session, user_ids: Collection[int]) -> None:
    """Make the writers of these users' news follow one another from here on; the last locks of a transaction."""
    session.flush()  # What waits to be written is locked before the counters.
    statement = """
        INSERT INTO event_counters (user_id, last) SELECT DISTINCT id, 0 FROM unnest(CAST(:ids AS integer[])) AS id
        ORDER BY id ON CONFLICT (user_id) DO UPDATE SET last = event_counters.last"""
    session.execute(text(statement), {"ids": list(user_ids)})


def write_news(session: Session, news: Sequence[News]) -> None:
    """Write events, one for each user at most, with their next numbers, and ring for them."""
    session.flush()  # As above.
    statement = """
        WITH given AS (
            SELECT * FROM unnest(CAST(:ids AS integer[]), CAST(:types AS text[]), CAST(:bodies AS text[]))
                AS given (user_id, type, body)),
        taken AS (
            INSERT INTO event_counters AS c (user_id, last) SELECT user_id, 1 FROM given ORDER BY user_id
            ON CONFLICT (user_id) DO UPDATE SET last = c.last + 1 RETURNING user_id, last),
        written AS (
            INSERT INTO events (user_id, number, type, body, created_at)
            SELECT user_id, last, type, body::jsonb, clock_timestamp() FROM taken JOIN given USING (user_id)
            RETURNING user_id)
        SELECT pg_notify(:news, user_id::text) FROM written"""
    given = {
        "ids": [item.user_id for item in news],
        "types": [item.type for item in news],
        "bodies": [json.dumps(item.body) for item in news],
        "news": NEWS_CHANNEL,
    }
    if news:
        session.execute(text(statement), given)


def forget_old(session: Session) -> int:
    """Delete events that are older than seven days, the oldest first, and return how many."""
    statement = """
        DELETE FROM events WHERE (user_id, number) IN (
            SELECT user_id, number FROM events WHERE created_at < now() - make_interval(days => :days)
            ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED)
        RETURNING number"""
    return len(session.execute(text(statement), {"days": KEPT_FOR_D, "limit": AT_ONCE}).all())

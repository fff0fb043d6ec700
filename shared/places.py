"""Where a waiting job stands: how many parts will be dispatched before its own, by the rules of `shared/fairness.py`.

A forecast from this moment on: nobody new comes, and each lane with work takes its turns. Mails have workers of their
own and wait only for one another.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from shared.broker import Lane
from shared.fairness import TURNS

WEIGHTS = [TURNS.count(lane) for lane in Lane]


def places(session: Session, job_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the place of each of these jobs that waits; 1 is next.

    Owners are found by a loose index scan, and of each owner no more parts are counted than can be ahead.
    """
    statement = """
        WITH RECURSIVE waiting AS (
            (SELECT lane, owner_id FROM parts WHERE state = 'queued' ORDER BY lane, owner_id LIMIT 1)
            UNION ALL
            SELECT following.* FROM waiting w CROSS JOIN LATERAL (
                SELECT lane, owner_id FROM parts p
                WHERE state = 'queued' AND (p.lane, p.owner_id) > (w.lane, w.owner_id)
                ORDER BY lane, owner_id LIMIT 1) AS following),
        owners AS MATERIALIZED (
            SELECT lane, owner_id,
                   (SELECT count(*) FROM parts p WHERE p.owner_id = w.owner_id AND p.state IN ('dispatched', 'running')
                    AND (p.lane = :email) = (w.lane = :email)) AS under_way,
                   coalesce((SELECT last_turn FROM turns t WHERE t.owner_id = w.owner_id AND t.lane = w.lane), 0)
                       AS last_turn,
                   (SELECT id FROM parts p WHERE state = 'queued' AND p.lane = w.lane AND p.owner_id = w.owner_id
                    ORDER BY priority DESC, id LIMIT 1) AS first_id
            FROM waiting w),
        wanted AS MATERIALIZED (
            SELECT q.job_id, q.id, q.lane, q.owner_id, q.place, o.under_way + q.place AS rank, o.last_turn
            FROM (SELECT job_id, id, lane, owner_id,
                         row_number() OVER (PARTITION BY lane, owner_id ORDER BY priority DESC, id) AS place
                  FROM parts WHERE state = 'queued' AND (lane, owner_id) IN (
                      SELECT lane, owner_id FROM parts WHERE job_id = ANY(:ids) AND state = 'queued')) AS q
            JOIN owners o USING (lane, owner_id)
            WHERE q.job_id = ANY(:ids)),
        counted AS MATERIALIZED (
            SELECT o.*, (SELECT count(*) FROM (
                SELECT 1 FROM parts p WHERE state = 'queued' AND p.lane = o.lane AND p.owner_id = o.owner_id
                LIMIT (SELECT max(rank) * :turns FROM wanted)) AS ahead) AS queued
            FROM owners o WHERE EXISTS (SELECT FROM wanted)),
        in_lane AS (
            SELECT w.job_id, w.lane, w.place + coalesce((
                SELECT sum(least(c.queued, greatest(0,
                       w.rank - c.under_way - ((c.last_turn, c.first_id) > (w.last_turn, w.id))::integer)))
                FROM counted c WHERE c.lane = w.lane AND c.owner_id <> w.owner_id), 0) AS place
            FROM wanted w),
        sent AS (SELECT job_id, lane, row_number() OVER (PARTITION BY lane = :email ORDER BY dispatched_at, id) AS place
                 FROM parts WHERE state = 'dispatched')
        SELECT job_id, place + (SELECT count(*) FROM sent s WHERE (s.lane = :email) = (i.lane = :email)) + coalesce((
                   SELECT sum(least(others.queued, floor(place * weights[others.lane + 1] / weights[i.lane + 1])))
                   FROM (SELECT lane, sum(queued) AS queued FROM counted GROUP BY lane) AS others
                   WHERE others.lane <> i.lane AND others.lane <> :email AND i.lane <> :email), 0)
        FROM in_lane i, (SELECT CAST(:weights AS integer[]) AS weights) AS given
        UNION ALL
        SELECT job_id, place FROM sent WHERE job_id = ANY(:ids)"""
    if not job_ids:
        return {}
    given = {"ids": list(job_ids), "weights": WEIGHTS, "turns": len(TURNS), "email": Lane.EMAIL}
    rows = session.execute(text(statement), given)
    return {job_id: int(place) for job_id, place in rows}

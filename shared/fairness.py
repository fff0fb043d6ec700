"""Whose part is next: round robin over owners within a lane, and weighted turns between the lanes.

An owner's next part ranks behind all that this owner has under way, so that whoever has least is served first; among
equals, whoever was served longest ago. A flood therefore delays its own owner only. Bulk work gets few turns, but
always some, so that nothing starves. From four slots on, whoever is not alone leaves one of them free, so that the next
of the others finds it, however long the parts of a flood take.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from shared.broker import Lane, lanes_of

# Eight turns for interactive work, three for normal, one for bulk, spread evenly.
TURNS = tuple(Lane(int(digit)) for digit in "001001002010")
RESERVING_SLOTS = 4  # From so many slots on, one is kept free of long parts of other lanes.
RECENT_TURNS = 50  # Others were here lately if they got one of so many turns: the longer parts take, the longer ago.
NO_LIMIT = 2**31 - 1


class Turns:
    """Whose lane's turn it is; the leading dispatcher keeps one, and a new leader may begin anywhere."""

    def __init__(self) -> None:
        self._turns: Iterator[Lane] = cycle(TURNS)

    def share(self, count: int, lanes: Collection[Lane]) -> Counter[Lane]:
        """Divide the next `count` places among these lanes."""
        mine = (lane for lane in self._turns if lane in lanes)
        return Counter(next(mine) for _ in range(count)) if lanes else Counter()


@dataclass(frozen=True)
class Capacity:
    """How much may be under way: `slots` of live workers, `room` for more parts, and for how many long ones."""

    slots: int
    room: int
    long_room: int

    @property
    def owner_cap(self) -> int:
        """How many parts one owner may have under way while others wait: all places but one."""
        return max(1, 2 * self.slots - 1)

    @property
    def shared_cap(self) -> int:
        """How many an owner may have under way where others were served lately: all slots but one of many."""
        return self.slots - 1 if self.slots >= RESERVING_SLOTS else NO_LIMIT


def long_room(slots: int, long_parts: int) -> int:
    """Return how many more long parts of the lower lanes may start, so that a slot stays for interactive work."""
    return max(0, slots - 1 - long_parts) if slots >= RESERVING_SLOTS else NO_LIMIT


def waiting_lanes(session: Session) -> set[Lane]:
    """Return the lanes in which parts are queued; the order makes Postgres ask the index also where there are none."""
    statement = """
        SELECT asked.lane FROM unnest(CAST(:lanes AS smallint[])) AS asked (lane) CROSS JOIN LATERAL (
            SELECT FROM parts WHERE state = 'queued' AND parts.lane = asked.lane ORDER BY owner_id LIMIT 1) AS first"""
    return {Lane(lane) for lane in session.execute(text(statement), {"lanes": list(Lane)}).scalars()}


def pick(session: Session, lane: Lane, *, limit: int, capacity: Capacity) -> Sequence[UUID]:
    """Return up to `limit` queued parts of a lane, the next one first, locked against every other change.

    Owners are found by a loose index scan, so that 100,000 queued parts of one owner cost no more than ten.
    """
    statement = """
        WITH RECURSIVE waiting AS (
            (SELECT owner_id FROM parts WHERE state = 'queued' AND lane = :lane ORDER BY owner_id LIMIT 1)
            UNION ALL
            SELECT (SELECT p.owner_id FROM parts p WHERE p.state = 'queued' AND p.lane = :lane
                    AND p.owner_id > w.owner_id ORDER BY p.owner_id LIMIT 1)
            FROM waiting w WHERE w.owner_id IS NOT NULL),
        owners AS MATERIALIZED (
            SELECT owner_id,
                   (SELECT count(*) FROM parts p WHERE p.owner_id = w.owner_id AND p.state IN ('dispatched', 'running')
                    AND p.lane = ANY(:pool_lanes)) AS under_way,
                   coalesce((SELECT last_turn FROM turns t WHERE t.owner_id = w.owner_id AND t.lane = :lane), 0)
                       AS last_turn
            FROM waiting w WHERE owner_id IS NOT NULL),
        lately AS MATERIALIZED (
            SELECT owner_id FROM turns
            WHERE lane = ANY(:pool_lanes) AND last_turn > (SELECT max(last_turn) FROM turns) - :recent),
        next_owners AS MATERIALIZED (  -- More owners than places are of interest only where long parts are passed over.
            SELECT o.*, (SELECT id FROM parts p WHERE p.state = 'queued' AND p.lane = :lane AND p.owner_id = o.owner_id
                         ORDER BY priority DESC, id LIMIT 1) AS first_id,
                   least(CASE WHEN (SELECT count(*) FROM owners) > 1 THEN :cap ELSE :no_limit END,
                         CASE WHEN EXISTS (SELECT FROM lately l WHERE l.owner_id <> o.owner_id) THEN :shared_cap
                         ELSE :no_limit END) AS cap
            FROM owners o ORDER BY under_way, last_turn, first_id
            LIMIT CASE WHEN :long_room = :no_limit THEN CAST(:limit AS bigint) END),
        ranked AS (
            SELECT p.id, p.is_brief, o.last_turn, o.cap,
                   o.under_way + row_number() OVER (PARTITION BY o.owner_id ORDER BY p.priority DESC, p.id) AS rank
            FROM next_owners o CROSS JOIN LATERAL (
                SELECT id, is_brief, priority FROM parts WHERE state = 'queued' AND lane = :lane
                AND owner_id = o.owner_id ORDER BY priority DESC, id LIMIT :limit) p),
        allowed AS (
            SELECT id, rank, last_turn, is_brief,
                   sum((NOT is_brief)::integer) OVER (ORDER BY rank, last_turn, id) AS long_ones
            FROM ranked WHERE rank <= cap),
        picked AS MATERIALIZED (
            SELECT id, rank, last_turn FROM allowed WHERE is_brief OR long_ones <= :long_room
            ORDER BY rank, last_turn, id LIMIT :limit)
        SELECT parts.id FROM parts JOIN picked USING (id) WHERE parts.state = 'queued'
        ORDER BY rank, last_turn, id FOR NO KEY UPDATE OF parts SKIP LOCKED"""
    room = NO_LIMIT if lane is Lane.INTERACTIVE else capacity.long_room
    caps = {"cap": capacity.owner_cap, "shared_cap": capacity.shared_cap, "long_room": room, "no_limit": NO_LIMIT}
    given = {"lane": lane, "limit": limit, "pool_lanes": lanes_of(lane.pool), "recent": RECENT_TURNS, **caps}
    return session.execute(text(statement), given).scalars().all()


def take_turns(session: Session, part_ids: Sequence[UUID]) -> None:
    """Remember that the owners of these parts were served just now, in this order.

    The rows are written in an order of their own, so that a deposed leader and the new one cannot deadlock.
    """
    statement = """
        WITH numbered AS MATERIALIZED (
            SELECT owner_id, lane, nextval('turn_seq') AS number FROM (
                SELECT owner_id, lane FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS served (id, place)
                JOIN parts USING (id) GROUP BY owner_id, lane ORDER BY max(place)) AS owners)
        INSERT INTO turns (owner_id, lane, last_turn)
        SELECT owner_id, lane, number FROM numbered ORDER BY owner_id, lane
        ON CONFLICT (owner_id, lane) DO UPDATE SET last_turn = excluded.last_turn"""
    session.execute(text(statement), {"ids": part_ids})

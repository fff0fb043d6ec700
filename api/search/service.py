"""Finding pages: Postgres finds and ranks them by their terms, the stored words say where on them the hits are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, select

from api.documents.service import get_document
from api.listing import Slice, encode_cursor, parse_cursor
from api.search.hits import Hits
from api.search.parted import words_of
from api.search.query import Needle, Query
from api.search.schemas import HitCard, SnippetPart
from shared.models import Page, Share, User
from shared.page_content import corner_of, inflate, storable, unpack
from shared.spans import decode

RANKED = 1000  # Ranking reads all terms of a page, so of very many pages the newest are ranked and the others follow.
# Postgres takes looking into a page's terms for cheap, though it has to fetch and unpack them: for words of most pages
# it would read them all, at 2.5 times the cost of asking the index.
PLAN_BY_INDEX = "SET LOCAL enable_seqscan = off"
SCORE_STEPS = 1_000_000  # Scores are compared as integers, so that a cursor names exactly one place.
# Whose pages a user may find. The term of the owner is in the page's terms as well, which lets the index alone keep
# owners apart; what is shared is found by the documents' ids.
REACH = """
    (p.terms @@ CAST(:own AS tsquery)
     OR p.terms @@ CAST(:query AS tsquery) AND p.document_id = ANY(CAST(:shared AS uuid[])))
    AND (d.owner_id = :owner OR d.id = ANY(CAST(:shared AS uuid[])))"""
# The pages that the document's latest job was asked for: `1-3,9` is the multirange {[1,3],[9,9]}.
SELECTED = r"""(j.page_ranges IS NULL OR p.number <@ CAST(
    '{' || regexp_replace(j.page_ranges, '(\d+)-(\d+)|(\d+)', '[\1\3,\2\3]', 'g') || '}' AS int4multirange))"""
FOUND = f"""
    FROM pages p
    JOIN documents d ON d.id = p.document_id
    JOIN jobs j ON j.id = d.latest_job_id AND j.settings = p.settings
    WHERE {REACH} AND {SELECTED} AND (CAST(:document AS uuid) IS NULL OR p.document_id = :document)
      AND (CAST(:since AS timestamptz) IS NULL OR d.created_at >= :since)
      AND (NOT CAST(:tables AS boolean) OR p.table_count > 0)"""
BEST = f"""
    WITH found AS (
        SELECT p.document_id, p.settings, p.number, p.terms, d.filename, count(*) OVER () AS total,
               row_number() OVER (ORDER BY p.document_id DESC, p.number) AS place {FOUND}),
    ranked AS MATERIALIZED (  -- Else each score would be reckoned twice.
        SELECT document_id, settings, number, filename, total, CASE WHEN place <= :ranked
               THEN CAST(:steps * ts_rank(terms, CAST(:query AS tsquery), 1) AS integer) ELSE 0 END AS score
        FROM found)
    SELECT r.document_id, r.settings, r.number, r.filename, r.total, r.score, p.words, p.content
    FROM (SELECT * FROM ranked
          WHERE (score, document_id, -number) < (:score, CAST(:before AS uuid), -CAST(:after AS integer))
          ORDER BY score DESC, document_id DESC, number LIMIT :limit OFFSET :offset) r
    JOIN pages p USING (document_id, settings, number)
    ORDER BY r.score DESC, r.document_id DESC, r.number"""  # noqa: S608 — our own text.


class Position(NamedTuple):
    """A place in the order of results: best score first, then the newest document, then the first page."""

    score: int
    document_id: UUID
    page: int

    def __str__(self) -> str:
        return f"{self.score} {self.document_id} {self.page}"


class Within(NamedTuple):
    """Where a search looks: in one document, in those uploaded since a moment, on pages with tables."""

    document_id: UUID | None = None
    since: datetime | None = None
    only_tables: bool = False


EVERYWHERE = Within()
BEFORE_ALL = Position(2**31 - 1, UUID(int=2**128 - 1), 0)


@dataclass(frozen=True)
class Results:
    cards: list[HitCard]
    total: int
    following: str | None


def search(session: Session, user: User, query: Query, *, within: Within, wanted: Slice) -> Results:
    """Return the best pages on which all of the query stands, of documents that are the user's or shared with it.

    Raises DocumentNotFound when it is limited to a document that the user may not read.
    """
    if within.document_id is not None:
        get_document(session, user, within.document_id)
    position = parse_cursor(wanted.cursor, _parse_position) if wanted.cursor else BEFORE_ALL
    given = statement_values(user, query, within=within, position=position)
    given["shared"] = session.exec(select(Share.document_id).where(Share.user_id == user.id)).all()
    given |= {"limit": wanted.limit + 1, "offset": 0 if wanted.cursor else (wanted.page - 1) * wanted.limit}
    session.execute(text(PLAN_BY_INDEX))
    rows = session.execute(text(BEST), given).all()
    total = rows[0].total if rows else _count(session, given)
    shown = rows[: wanted.limit]
    last = shown[-1] if len(rows) > len(shown) else None
    following = encode_cursor(Position(last.score, last.document_id, last.number)) if last else None
    return Results([_card(session, row, query) for row in shown], total, following)


def statement_values(
    user: User, query: Query, *, within: Within = EVERYWHERE, position: Position = BEFORE_ALL
) -> dict[str, Any]:
    said = query.tsquery()
    return {
        "owner": user.id,
        "shared": [],
        "own": f"'owner:{user.id}' & {said}",
        "query": said,
        "document": within.document_id,
        "since": within.since,
        "tables": within.only_tables,
        "ranked": RANKED,
        "steps": SCORE_STEPS,
        "score": position.score,
        "before": position.document_id,
        "after": position.page,
    }


def _count(session: Session, given: dict[str, Any]) -> int:
    """Count what an empty page of the list does not tell."""
    return int(session.execute(text(f"SELECT count(*) {FOUND}"), given).scalar_one())


def _card(session: Session, row: Any, query: Query) -> HitCard:
    hits = _hits(session, row, query.wanted)
    return HitCard(
        document_id=row.document_id,
        filename=row.filename,
        page=row.number,
        score=row.score / SCORE_STEPS,
        snippet=[SnippetPart(text=storable(said), hit=is_hit) for said, is_hit in hits.snippet()],
        boxes=hits.boxes(corner_of(inflate(row.content))),
    )


def _hits(session: Session, row: Any, wanted: Sequence[Needle]) -> Hits:
    """Look in pdfplumber's words, and where one is glued to its neighbours in those that the spans make."""
    hits = Hits(unpack(row.words), wanted)
    if hits.has_all(wanted):
        return hits
    page = select(Page.spans).where(
        Page.document_id == row.document_id, Page.settings == row.settings, Page.number == row.number
    )
    packed = session.exec(page).first()
    return Hits(words_of(decode(inflate(packed))), wanted) if packed else hits


def _parse_position(said: str) -> Position:
    score, document_id, page = said.split(" ")
    position = Position(int(score), UUID(document_id), int(page))
    if not (0 <= position.score < 2**31 and 0 < position.page < 2**31):
        raise ValueError("Postgres's integers are not as large.")
    return position

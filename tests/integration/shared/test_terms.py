"""Terms are what Postgres takes, whatever the text and whatever is asked for."""

import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api.search.query import parse
from shared.database import Database
from shared.errors import InvalidField
from shared.terms import MAX_CHARS, MAX_TERM_CHARS, as_tsvector, places

ODD = "'\"\\:*&|!<>()-\u2010\n\x00\u0301\u00ad\u200d½⑴ﬁ東京가ไทยשלم\ud800İß\ufdfa"
PARTS = st.sampled_from([*ODD, *string.ascii_letters, " ", "(cid:12)"])
TEXTS = st.lists(PARTS).map("".join) | st.text()
ON_ONE_DATABASE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ON_ONE_DATABASE
@given(said=TEXTS)
def test_every_text_makes_a_tsvector(database: Database, said: str) -> None:
    with database.unit_of_work() as session:
        session.execute(text("SELECT CAST(:terms AS tsvector)"), {"terms": as_tsvector(said)})


@ON_ONE_DATABASE
@given(said=TEXTS)
def test_every_query_is_refused_or_makes_a_tsquery(database: Database, said: str) -> None:
    try:
        query = parse(said)
    except InvalidField:
        return
    with database.unit_of_work() as session:
        session.execute(text("SELECT CAST(:query AS tsquery)"), {"query": query.tsquery()})


@ON_ONE_DATABASE
@given(said=TEXTS)
def test_what_postgres_finds_can_be_pointed_at(database: Database, said: str) -> None:
    """Every text is found by itself as a phrase, by Postgres and by who looks for its place."""
    quoted = said.replace('"', " ").replace("*", " ")
    try:
        query = parse(f'"{quoted}"')
    except InvalidField:
        return
    with database.unit_of_work() as session:
        statement = text("SELECT CAST(:terms AS tsvector) @@ CAST(:query AS tsquery)")
        is_found = session.execute(statement, {"terms": as_tsvector(quoted), "query": query.tsquery()}).scalar_one()
    assert is_found
    assert query.wanted[0].spans(places(quoted))


def test_terms_are_short() -> None:
    assert max(map(len, as_tsvector("x" * 5000 + " " + "é" * 5000).split())) <= MAX_TERM_CHARS + len(":2")


def test_other_pieces_count_where_they_have_new_words() -> None:
    assert as_tsvector("onetwo three", pieces=["one two", "three"]) == "onetwo:1 three:2 one:4 two:5"


def test_other_pieces_fill_what_the_text_leaves_of_the_room() -> None:
    assert as_tsvector("x" * (MAX_CHARS - 3), pieces=["one two"]).count(":") == 1


def test_codes_of_signs_without_a_letter_are_no_words() -> None:
    said = "fin(cid:2)al (cid:17)(cid:2) sum"
    assert as_tsvector(said, pieces=["(cid:2) total"]) == "fin:1 al:2 sum:3 total:5"
    assert [(start, piece.terms) for start, piece in places(said)] == [(0, ("fin",)), (10, ("al",)), (29, ("sum",))]

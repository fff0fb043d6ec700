"""Searching: what is found, in which order, where on the page, and by whom."""

import json
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import select

from api.search import service
from api.search.query import parse
from shared import lifecycle
from shared.claims import Opening
from shared.database import Database
from shared.models import Part, User
from shared.page_content import ReadPage, pack
from tests.pdf_files import FONT, FONT_NUMBER, assemble, cells_pdf, document, page_objects, show, text_pdf
from tests.work import Bench, sign_in, uploaded

WIDTH, HEIGHT = 60, 12


def search(client: TestClient, q: str, **params: Any) -> dict[str, Any]:
    answer = client.get("/search", params={"q": q, **params})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def pages_found(client: TestClient, q: str, **params: Any) -> list[int]:
    return sorted(hit["page"] for hit in search(client, q, **params)["data"])


@pytest.fixture
def library(client: TestClient, bench: Bench) -> TestClient:
    """A user with one document of four pages."""
    said = [
        "The quick brown fox jumps over the lazy dog",
        "A brown quick fox, a caf\xe9 and Stra\xdfe 7",
        "Foxes are no dogs; write to fox@example.org by e-mail",
        "Nothing of that kind",
    ]
    western = {FONT_NUMBER: FONT.replace(b">>", b"/Encoding /WinAnsiEncoding >>")}
    uploaded(sign_in(client), assemble({**page_objects([show(line) for line in said]), **western}))
    bench.run_all()
    return client


@pytest.mark.parametrize(
    ("q", "pages"),
    [
        ("fox", [1, 2, 3]),
        ("FOX quick", [1, 2]),
        ('"quick brown"', [1]),
        ('"quick brown', [1]),
        ("quick -lazy", [2]),
        ('fox -"quick brown"', [2, 3]),
        ("fox*", [1, 2, 3]),
        ("foxe*", [3]),
        ('"brown fo*"', [1]),
        ("cafe", [2]),
        ("CAF\xc9 strasse", [2]),
        ("fox@example.org", [3]),
        ("e-mail", [3]),
        ("sheaf", []),
        ("fox & | ! <-> ' : ( \\ \x00", [1, 2, 3]),
        ("7", [2]),
    ],
)
def test_a_query_finds_its_pages(library: TestClient, q: str, pages: list[int]) -> None:
    assert pages_found(library, q) == pages


@pytest.mark.parametrize("q", ["", " ", "!?", "-fox", '""', "*", "x" * 201])
def test_a_query_without_anything_to_find_is_refused(library: TestClient, q: str) -> None:
    answer = library.get("/search", params={"q": q})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/q")


def test_a_hit_says_where_it_is(library: TestClient) -> None:
    body = search(library, '"brown fox"')
    (hit,) = body["data"]
    assert (body["total"], body["next"], hit["filename"]) == (1, None, "report.pdf")
    assert hit["snippet"] == [
        {"text": "The quick ", "hit": False},
        {"text": "brown fox", "hit": True},
        {"text": " jumps over the lazy dog", "hit": False},
    ]
    url = f"/documents/{hit['document_id']}/pages/{hit['page']}"
    words = {word["text"]: word for word in library.get(url, params={"include": "words"}).json()["words"]}
    places = [[words[text][side] for side in ("x0", "top", "x1", "bottom")] for text in ("brown", "fox")]
    assert hit["boxes"] == places


def test_the_page_that_says_it_more_often_comes_first(client: TestClient, bench: Bench) -> None:
    said = ["sheaf corn corn corn", "sheaf sheaf corn corn", "sheaf sheaf sheaf corn"]
    uploaded(sign_in(client), document([show(line) for line in said]))
    bench.run_all()
    hits = search(client, "sheaf")["data"]
    assert [hit["page"] for hit in hits] == [3, 2, 1]
    assert hits[0]["score"] > hits[1]["score"] > hits[2]["score"]


def test_a_cursor_walks_all_hits_once(client: TestClient, bench: Bench) -> None:
    sign_in(client)
    for pages in (3, 4):
        uploaded(client, text_pdf(pages))
    bench.run_all()
    walked: list[tuple[str, int]] = []
    cursor: str | None = None
    while cursor is not None or not walked:
        body = search(client, "sheaves", limit=2, **({"cursor": cursor} if cursor else {}))
        walked += [(hit["document_id"], hit["page"]) for hit in body["data"]]
        assert body["total"] == 7
        cursor = body["next"]
    assert len(set(walked)) == len(walked) == 7
    numbered = [search(client, "sheaves", limit=2, page=page)["data"] for page in (1, 2, 3, 4, 5)]
    assert [(hit["document_id"], hit["page"]) for some in numbered for hit in some] == walked
    assert search(client, "sheaves", limit=2, page=5)["total"] == 7


@pytest.mark.parametrize("cursor", ["!", "MSAy", "OTk5OTk5OTk5OTkgMDE5OWI3ZTAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwIDE"])
def test_a_foreign_cursor_is_refused(library: TestClient, cursor: str) -> None:
    assert library.get("/search", params={"q": "fox", "cursor": cursor}).status_code == 422


def test_pages_are_found_as_soon_as_they_are_committed(client: TestClient, bench: Bench) -> None:
    uploaded(sign_in(client), text_pdf(2))
    assert search(client, "sheaves")["total"] == 0
    bench.run_all()
    assert search(client, "sheaves")["total"] == 2


def test_a_search_can_be_limited_to_one_document(client: TestClient, bench: Bench) -> None:
    one, _ = uploaded(sign_in(client), text_pdf(2)), uploaded(client, text_pdf(3))
    bench.run_all()
    assert {hit["document_id"] for hit in search(client, "sheaves", document_id=one["id"])["data"]} == {one["id"]}
    assert search(client, "sheaves", document_id=one["id"])["total"] == 2


def test_a_search_can_be_limited_to_newer_documents(library: TestClient) -> None:
    moment = library.get("/documents").json()["data"][0]["created_at"]
    assert pages_found(library, "fox", since=moment) == [1, 2, 3]
    assert pages_found(library, "fox", since="2100-01-01T00:00:00Z") == []
    assert library.get("/search", params={"q": "fox", "since": "yesterday"}).status_code == 422


def test_a_search_can_be_limited_to_pages_with_tables(client: TestClient, bench: Bench) -> None:
    uploaded(sign_in(client), cells_pdf([["sheaf", "one"], ["two", "three"]]))
    uploaded(client, text_pdf(text="A sheaf without a table"))
    bench.run_all()
    assert search(client, "sheaf")["total"] == 2
    assert search(client, "sheaf", tables=True)["total"] == 1


def test_nobody_finds_what_is_anothers(library: TestClient) -> None:
    (hit,) = search(library, "lazy")["data"]
    sign_in(library, "eve@example.org")
    assert search(library, "lazy")["total"] == 0
    assert library.get("/search", params={"q": "lazy", "document_id": hit["document_id"]}).status_code == 404


def test_what_is_shared_is_found_as_long_as_it_is(library: TestClient) -> None:
    (hit,) = search(library, "lazy")["data"]
    mine = library.headers["Authorization"]
    eve = sign_in(library, "eve@example.org").get("/users/me").json()["id"]
    hers, library.headers["Authorization"] = library.headers["Authorization"], mine
    message = {"recipient_id": eve, "content": "Look at this.", "document_id": hit["document_id"]}
    assert library.post("/messages", json=message).status_code == 201
    library.headers["Authorization"] = hers
    assert search(library, "lazy")["data"] == [hit]
    assert search(library, "fox", document_id=hit["document_id"])["total"] == 3
    library.headers["Authorization"] = mine
    assert library.delete(f"/documents/{hit['document_id']}/shares/{eve}").status_code == 204
    library.headers["Authorization"] = hers
    assert search(library, "lazy")["total"] == 0


@pytest.mark.parametrize("q", ["owner", '"owner:1"', "owner:1", "'owner:1'"])
def test_the_term_of_the_owner_cannot_be_asked_for(library: TestClient, q: str) -> None:
    assert search(library, q)["total"] == 0


def test_a_deleted_document_is_found_no_more(library: TestClient) -> None:
    (hit,) = search(library, "lazy")["data"]
    library.delete(f"/documents/{hit['document_id']}")
    assert search(library, "lazy")["total"] == 0


def test_only_the_pages_of_the_latest_job_are_found(client: TestClient, bench: Bench) -> None:
    read = uploaded(sign_in(client), text_pdf(4))
    bench.run_all()
    client.post(f"/documents/{read['id']}/jobs", json={"pages": "1-2,4", "text_settings": {"x_tolerance": 1}})
    bench.run_all()
    assert pages_found(client, "sheaves") == [1, 2, 4]


def read(client: TestClient, bench: Bench, *texts: str) -> dict[str, Any]:
    """Let a document have pages with these texts, as a sandbox would have found them."""
    card = uploaded(client, text_pdf(len(texts)))
    bench.dispatch()
    with bench.database.unit_of_work() as session:
        part = session.exec(select(Part).where(Part.job_id == UUID(card["job"]["id"]))).one()
        worker, boot = bench.presence.worker_id, bench.presence.boot_id
        held = lifecycle.claim(session, part.id, part.dispatch_seq, worker_id=worker, boot_id=boot)
        assert held
        found = [_page(number, said) for number, said in enumerate(texts, start=1)]
        lifecycle.succeed(session, held, last=found, opening=Opening(page_count=len(texts)))
    return card


def _page(number: int, said: str) -> ReadPage:
    """Return a page whose words have boxes of one size, word n of line m in column n and row m."""
    words = [
        {"text": word, "x0": n * WIDTH, "top": m * HEIGHT, "x1": (n + 1) * WIDTH, "bottom": (m + 1) * HEIGHT}
        for m, line in enumerate(said.split("\n"))
        for n, word in enumerate(line.split())
    ]
    return ReadPage(
        number=number,
        width=612,
        height=792,
        text_layer="full",
        table_count=0,
        content=json.dumps({"text": said, "tables": []}).encode(),
        words=json.dumps(words).encode(),
    )


def box(column: int, row: int) -> list[float]:
    return [column * WIDTH, row * HEIGHT, (column + 1) * WIDTH, (row + 1) * HEIGHT]


def part(column: int, row: int, *, start: float, end: float) -> list[float]:
    """Return the part of a box from `start` to `end` of its width."""
    return [(column + start) * WIDTH, row * HEIGHT, (column + end) * WIDTH, (row + 1) * HEIGHT]


@pytest.mark.parametrize(
    ("said", "q", "boxes"),
    [
        ("他 住在東京都", "東京", [part(1, 0, start=0.4, end=0.8)]),
        ("他住在東京都A", "都", [box(0, 0)]),
        ("他住在東\n京都", "東京", [part(0, 0, start=0.75, end=1), part(0, 1, start=0, end=0.5)]),
        ("第3章 検索", "第3章", [box(0, 0)]),
        ("ｶﾀｶﾅ の 検索", "カタカナ", [box(0, 0)]),
        ("서울특별시에", "특별시", [part(0, 0, start=1 / 3, end=5 / 6)]),
        ("ภาษาไทย", "ไทย", [box(0, 0)]),
        ("हिन्दी में खोज", "में", [box(1, 0)]),
        ("a long exam-\nple of it", "example", [box(2, 0), box(0, 1)]),
        ("a long exam-\nple of it", '"example of"', [box(0, 1), box(1, 1)]),
        ("of\u00adfice ﬁnd", "office find", [box(0, 0), box(1, 0)]),
        ("e\u0301te\u0301 Łódź İzmir", "ete lodz izmir", [box(0, 0), box(1, 0), box(2, 0)]),
        ("םולש ברוך", "שלום", [box(0, 0)]),
        ("lost \ud800 \x00 sign", "sign", [box(3, 0)]),
        ("x" * 3000 + " end", "x" * 64, [box(0, 0)]),
    ],
)
def test_words_of_all_scripts_are_found_where_they_stand(
    client: TestClient, bench: Bench, said: str, q: str, boxes: list[list[float]]
) -> None:
    read(sign_in(client), bench, said)
    (hit,) = search(client, q)["data"]
    assert hit["boxes"] == [pytest.approx(box) for box in boxes]
    assert any(part["hit"] for part in hit["snippet"])


@pytest.mark.parametrize("q", ["京東", "東都", "住東"])
def test_characters_that_do_not_follow_each_other_are_no_word(client: TestClient, bench: Bench, q: str) -> None:
    read(sign_in(client), bench, "他住在東京都")
    assert search(client, q)["total"] == 0


def test_a_page_of_very_many_words_is_stored_and_found_by_its_beginning(client: TestClient, bench: Bench) -> None:
    read(sign_in(client), bench, "first " + " ".join(f"{n:x}漢{n:o}" for n in range(12_000)), "字" * 70_000)
    assert pages_found(client, "first") == [1]
    assert pages_found(client, "字字") == [2]


def test_the_snippet_is_the_richest_stretch(client: TestClient, bench: Bench) -> None:
    read(sign_in(client), bench, "one corn " + "chaff " * 100 + "two corn and three corn " + "straw " * 100)
    (hit,) = search(client, "corn")["data"]
    said = "".join(part["text"] for part in hit["snippet"])
    assert said.startswith("\u2026chaff")
    assert said.endswith("straw\u2026")
    assert "two corn and three corn straw" in said
    assert [part["text"] for part in hit["snippet"] if part["hit"]] == ["corn", "corn"]


def test_words_that_are_no_words_cost_the_boxes_only(client: TestClient, bench: Bench) -> None:
    read(sign_in(client), bench, "sheaf")
    with bench.database.unit_of_work() as session:
        odd = pack(b'[1, {"text": 7}, {"text": "sheaf", "x0": "left"}]')
        session.execute(text("UPDATE pages SET words = :odd"), {"odd": odd})
    (hit,) = search(client, "sheaf")["data"]
    assert hit["boxes"] == []


def test_a_page_that_failed_is_found_once_it_was_read(client: TestClient, bench: Bench) -> None:
    card = read(sign_in(client), bench, "sheaf")
    bench_failed = "UPDATE pages SET terms = NULL, content = NULL, words = NULL, error_code = 'page_timeout'"
    with bench.database.unit_of_work() as session:
        session.execute(text(bench_failed))
        session.execute(text("UPDATE documents SET page_count = NULL"))
    assert search(client, "sheaves")["total"] == 0
    client.post(f"/documents/{card['id']}/jobs", json={})
    bench.run_all()
    assert search(client, "sheaves")["total"] == 1


# Ten points of Helvetica with gaps of 2.5, as TeX sets words: pdfplumber reads one word, "machinelearningisfun".
TIGHT = b"BT /F1 10 Tf 72 720 Td [(machine) -250 (learning) -250 (is) -250 (fun)] TJ ET"


@pytest.fixture
def tight(client: TestClient, bench: Bench) -> TestClient:
    """A user whose document has words that stand close together."""
    uploaded(sign_in(client), document([TIGHT]))
    bench.run_all()
    return client


@pytest.mark.parametrize("q", ["learning", '"machine learning"', "fun machine", "learn*", "machinelearningisfun"])
def test_words_that_pdfplumber_glues_are_found_as_well(tight: TestClient, q: str) -> None:
    assert pages_found(tight, q) == [1]


def test_a_word_within_a_glued_one_is_pointed_at(tight: TestClient) -> None:
    (hit,) = search(tight, "learning")["data"]
    assert "".join(part["text"] for part in hit["snippet"]) == "machine learning is fun"
    ((x0, top, x1, bottom),) = hit["boxes"]
    machine, learning = 38.36, 35.57  # In points, by the widths of Helvetica.
    assert (x0, x1) == pytest.approx((72 + machine + 2.5, 72 + machine + 2.5 + learning), abs=5)
    assert 60 < top < 70 < bottom < 80


MANY_PAGES = """
    WITH library AS (
        INSERT INTO documents (id, owner_id, filename, size, sha256, blob_key, options, repaired, rev, created_at,
                               latest_job_id)
        SELECT gen_random_uuid(), :owner, 'x', 1, n, n, '{}', false, 1, now(), gen_random_uuid()
        FROM generate_series(1, 1000) n RETURNING id, latest_job_id),
    jobs AS (
        INSERT INTO jobs (id, owner_id, kind, document_id, state, settings, options, attempt, pages_done, pages_failed,
                          created_at)
        SELECT latest_job_id, :owner, 'extraction', id, 'queued', 'default', '{}', 0, 0, 0, now() FROM library)
    INSERT INTO pages (document_id, settings, number, job_id, attempt, table_count, created_at, terms)
    SELECT id, 'default', n, latest_job_id, 1, 0, now(),
           CAST(format('''owner:%s'' common:1 v%s:2 w%s:3', :owner, n,
                       abs(hashtext(CAST(id AS text) || n) % 997)) AS tsvector)
    FROM library, generate_series(1, 20) n"""


@pytest.mark.parametrize("q", ["w40", "common w40 v5", '"v5 w40"', "w40 -v5"])
def test_the_planner_takes_the_index_by_itself(client: TestClient, database: Database, q: str) -> None:
    plan = plan_of(client, database, q)
    assert any("Bitmap Index Scan on pages_terms" in line for line in plan)
    assert [line for line in plan if "Seq Scan on pages" in line] == []


@pytest.mark.parametrize("q", ["w40", "common", "w4*", '"common w40"'])
def test_a_search_reads_no_table_from_end_to_end(client: TestClient, database: Database, q: str) -> None:
    plan = plan_of(client, database, q, first=service.PLAN_BY_INDEX)
    assert any("Bitmap Index Scan on pages_terms" in line for line in plan)
    assert [line for line in plan if "Seq Scan" in line] == []


def plan_of(client: TestClient, database: Database, q: str, *, first: str = "SELECT 1") -> list[str]:
    """Return Postgres's plan of a search over 20,000 pages of 1,000 documents."""
    user = User(id=sign_in(client).get("/users/me").json()["id"], email="", name="", password_hash="")
    given = service.statement_values(user, parse(q))
    with database.unit_of_work() as session:
        session.execute(text(MANY_PAGES), {"owner": user.id})
        session.execute(text("ANALYZE"))
        session.execute(text(first))
        explained = session.execute(text(f"EXPLAIN {service.BEST}"), {**given, "limit": 21, "offset": 0})
        return list(explained.scalars())

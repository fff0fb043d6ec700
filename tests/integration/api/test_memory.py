"""What a document of 2,000 pages costs the API in memory, measured on its process while it answers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from shared.settings import Settings
from tests.live import Person, Process, process
from tests.pdf_files import cells, document, show
from tests.work import Bench

PAGES = 2000
MAY_GROW_KIB = 30 * 1024
LINES = b" ".join(show(f"sheaf {line} of barley and rye, bound by hand", y=20 + 12 * line) for line in range(40))
ROWS = [("Crop", "Tonnes"), ("Barley", "2,966"), ("Rye", "31")]
MORE_PAGES = """
    INSERT INTO pages (document_id, settings, number, job_id, attempt, width, height, text_layer, table_count, content,
                       words, spans, terms, created_at)
    SELECT document_id, settings, n, job_id, attempt, width, height, text_layer, table_count, content, words, spans,
           terms, created_at
    FROM pages, generate_series(2, :many) n WHERE document_id = :id AND number = 1"""
Ask = Callable[[httpx2.Client, str], None]


def stream(path: str) -> Ask:
    """Take the answer piece by piece, as a client does that keeps it in a file."""

    def ask(client: httpx2.Client, document: str) -> None:
        with client.stream("GET", f"/documents/{document}/{path}") as answer:
            assert answer.status_code == 200
            for _ in answer.iter_bytes():
                pass

    return ask


def walk_pages(client: httpx2.Client, document: str) -> None:
    after: int | None = 0
    while after is not None:
        query: dict[str, str | int] = {"after": after, "limit": 100, "include": "words"}
        after = client.get(f"/documents/{document}/pages", params=query).json()["next"]


def walk_hits(client: httpx2.Client, document: str) -> None:
    cursor: dict[str, str] = {}
    while True:
        found = client.get("/search", params={"q": "barley", "document_id": document, "limit": 100, **cursor}).json()
        if found["next"] is None:
            break
        cursor = {"cursor": found["next"]}


ASKED: dict[str, Ask] = {
    "JSON": stream("export?format=json"),
    "ZIP": stream("export?format=zip"),
    "text": stream("text"),
    "reading": stream("text?format=reading"),
    "tables": stream("tables"),
    "pages": walk_pages,
    "search": walk_hits,
}


@pytest.fixture
def server(settings: Settings) -> Iterator[Process]:
    with process(settings) as server:
        server.wait_ready()
        yield server


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_a_long_document_costs_the_api_no_more_memory_than_a_short_one(server: Process, bench: Bench) -> None:
    with ExitStack() as stack:
        client = stack.enter_context(Person(server.address, "ada")).http
        short, long = (sent(client, bench, pages) for pages in (50, PAGES))
        for ask in ASKED.values():
            ask(client, short)
        grown = {name: grown_kib(server, partial(ask, client, long)) for name, ask in ASKED.items()}
        assert client.get(f"/documents/{long}/text").text.count("\f") == PAGES - 1
    assert all(kib <= MAY_GROW_KIB for kib in grown.values()), grown


def sent(client: httpx2.Client, bench: Bench, pages: int) -> str:
    """Let a document have that many pages, all of them as its first one was read."""
    content = document([LINES + cells(ROWS)]) + b"\n" * pages  # Else the second would be the same document.
    card = client.post("/documents", files={"file": ("long.pdf", content, "application/pdf")}).json()
    bench.run_all()
    with bench.database.unit_of_work() as session:
        session.execute(text(MORE_PAGES), {"many": pages, "id": card["id"]})
        session.execute(
            text("UPDATE documents SET page_count = :many WHERE id = :id"), {"many": pages, "id": card["id"]}
        )
    return str(card["id"])


def grown_kib(server: Process, act: Callable[[], None]) -> int:
    """Return by how much the process was larger at its largest while it acted than before."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")  # Its largest size is counted anew (proc(5)).
    before = status_kib(server, "VmRSS")
    act()
    return status_kib(server, "VmHWM") - before


def status_kib(server: Process, name: str) -> int:
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))

"""What searching costs over HTTP against its bare SQL, and what the index costs each page: `python -m bench.search`.

    python -m bench.search [PAGES] [ROUNDS]

Documents of made-up words, as frequent as words are, are written by the platform's own statement; then one API process
answers searches of several kinds, in turn with the same statements sent by a plain client. A tenth of the pages
belongs to somebody else. Times are milliseconds; the last line says whether the API's p95 is within three times that
of its SQL.
"""

import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import httpx
from sqlalchemy import text
from sqlmodel import Session

from api.search import query, service
from bench.postgres import throwaway_database
from bench.servers import running, settings_for
from shared import pages
from shared.clock import new_id
from shared.database import Database
from shared.models import Document, Job, User
from shared.page_content import ReadPage
from shared.terms import as_tsvector

SIGNED_IN_ALL_ALONG = {"ACCESS_TOKEN_MINUTES": "600"}
PAGES_OF_A_DOCUMENT = 100
WORDS_OF_A_PAGE = 400
VOCABULARY = 30_000
SOMEBODY_ELSES = 10  # One document in so many.
LIMIT = 20
SCAN = re.compile(r"\w+ (?:\w+ )?Scan (?:using \w+ )?on \w+")
WARM_UP = 8  # Postgres plans a statement anew the first five times.
PASSWORD = "a password for measurements"
SYLLABLES = [a + b for a in "bcdfghklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an", "er")]
WORDS = [
    "".join(SYLLABLES[n // len(SYLLABLES) ** k % len(SYLLABLES)] for k in range(3 if n < len(SYLLABLES) ** 2 else 4))
    for n in range(VOCABULARY)
]
WEIGHTS = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))  # Zipf's law, as Mandelbrot has it.
SEARCHES = {
    "a rare word": WORDS[20_000],
    "a middling word": WORDS[1_500],
    "a word of most pages": WORDS[3],
    "two words": f"{WORDS[40]} {WORDS[900]}",
    "a phrase": f'"{WORDS[5]} {WORDS[9]}"',
    "a beginning": f"{WORDS[7_000][:5]}*",
    "with and without": f"{WORDS[700]} -{WORDS[30]}",
    "nothing": "absent",
}


@dataclass(frozen=True)
class Library:
    """A database of pages, and the user to whom most of them belong."""

    database: Database
    user: User


def main() -> None:
    page_count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with throwaway_database() as database, _api(database) as client:
        library = Library(database, _sign_up(client, database))
        print(_written(library, page_count), flush=True)
        bare, served = [], []
        for name, said in SEARCHES.items():
            sql, http = _measure(library, client, said, rounds)
            bare += sql
            served += http
            print(f"{name:22} SQL {quantiles(sql)}   API {quantiles(http)}   {_found(client, said)} pages", flush=True)
        print(f"{'all':22} SQL {quantiles(bare)}   API {quantiles(served)}")
        print("scans: " + ", ".join(sorted({scan for said in SEARCHES.values() for scan in scans(library, said)})))
        ratio = p95(served) / p95(bare)
        print(f"the API's p95 is {ratio:.2f}x that of its SQL: {'within' if ratio <= 3 else 'NOT within'} 3x")


def scans(library: Library, said: str) -> list[str]:
    """Return how Postgres goes through each table for a search."""
    with library.database.snapshot() as session:
        session.execute(text(service.PLAN_BY_INDEX))
        plan = session.execute(text(f"EXPLAIN {service.BEST}"), _values(library.user, said)).scalars()
        return [found.group() for line in plan if (found := SCAN.search(line))]


def _measure(library: Library, client: httpx.Client, said: str, rounds: int) -> tuple[list[float], list[float]]:
    """Return the times of the bare statement and of the API, taken in turn."""
    sql: list[float] = []
    http: list[float] = []
    for _ in range(rounds + WARM_UP):
        with library.database.snapshot() as session:
            given = _values(library.user, said)
            session.execute(text(service.PLAN_BY_INDEX))
            sql.append(_timed(lambda: session.execute(text(service.BEST), given).all()))  # noqa: B023 — called at once.
        http.append(_timed(lambda: client.get("/search", params={"q": said}).raise_for_status()))
    return sql[WARM_UP:], http[WARM_UP:]


def _values(user: User, said: str) -> dict[str, object]:
    wish = query.parse(said)
    values = service.statement_values(user, wish)
    return {**values, "limit": LIMIT + 1, "offset": 0}


def _found(client: httpx.Client, said: str) -> int:
    return int(client.get("/search", params={"q": said}).json()["total"])


def _written(library: Library, page_count: int) -> str:
    """Write the pages and say what that took, and what of it is terms."""
    chance = random.Random(1)  # noqa: S311 — the same pages each time.
    somebody_else = _other_user(library.database)
    took, cut = 0.0, 0.0
    for number in range(page_count // PAGES_OF_A_DOCUMENT):
        found = [_page(n, chance) for n in range(1, PAGES_OF_A_DOCUMENT + 1)]
        cut += _timed(lambda: [as_tsvector(json.loads(page.content)["text"]) for page in found])  # noqa: B023 — as above.
        owner = somebody_else if number % SOMEBODY_ELSES == SOMEBODY_ELSES - 1 else library.user.id or 0
        with library.database.unit_of_work() as session:
            job = _job(session, owner, name=f"{number}.pdf")
            took += _timed(lambda: pages.write(session, job.id, found, attempt=1))  # noqa: B023 — as above.
    with library.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        size = connection.execute(text("SELECT pg_relation_size('pages_terms') / 1048576")).scalar_one()
    each = f"writing took {took / page_count:.2f} ms each, cutting terms {cut / page_count:.2f} of it"
    return f"{page_count} pages: {each}; index {size} MiB"


def _job(session: Session, owner_id: int, *, name: str) -> Job:
    key = str(new_id())
    document = Document(
        owner_id=owner_id, filename=name, size=1, sha256=key, blob_key=key, page_count=PAGES_OF_A_DOCUMENT
    )
    session.add(document)
    session.flush()  # The job's foreign key needs the document's row.
    job = Job(owner_id=owner_id, document_id=document.id, settings="default")
    session.add(job)
    document.latest_job_id = job.id
    session.flush()  # Pages are written by a statement that looks the job up.
    return job


def _page(number: int, chance: random.Random) -> ReadPage:
    said = chance.choices(WORDS, cum_weights=WEIGHTS, k=WORDS_OF_A_PAGE)
    words = [
        {"text": word, "x0": 50.0 * (n % 10), "top": y, "x1": 50.0 * (n % 10) + 40, "bottom": y + 12}
        for n, word in enumerate(said)
        for y in [15.0 * (n // 10)]
    ]
    content = json.dumps({"text": " ".join(said), "tables": []}).encode()
    return ReadPage(
        number=number,
        width=612,
        height=792,
        text_layer="full",
        table_count=0,
        content=content,
        words=json.dumps(words).encode(),
    )


def _other_user(database: Database) -> int:
    with database.unit_of_work() as session:
        user = User(email="else@example.org", name="Somebody else", password_hash="")
        session.add(user)
        session.flush()  # Documents need their owner's id.
        return user.id or 0


@contextmanager
def _api(database: Database) -> Iterator[httpx.Client]:
    """Start one API process and yield a client for it."""
    with (
        tempfile.TemporaryDirectory(prefix="sheaf-bench-") as folder,
        running("api", settings=settings_for(database, Path(folder)), **SIGNED_IN_ALL_ALONG) as (_, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        yield client


def _sign_up(client: httpx.Client, database: Database) -> User:
    account = {"email": "bench@example.org", "password": PASSWORD, "name": "Bench"}
    answer = client.post("/register", json=account).raise_for_status().json()
    client.headers["Authorization"] = f"Bearer {answer['access_token']}"
    with database.snapshot() as session:
        return session.get_one(User, answer["user"]["id"])


def _timed(call: Callable[[], object]) -> float:
    """Return the milliseconds that a call takes."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def p95(took_ms: Sequence[float]) -> float:
    return statistics.quantiles(took_ms, n=20)[-1]


def quantiles(took_ms: Sequence[float]) -> str:
    return f"p50 {statistics.median(took_ms):6.1f} p95 {p95(took_ms):6.1f}"


if __name__ == "__main__":
    main()

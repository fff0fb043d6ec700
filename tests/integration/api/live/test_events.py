"""The news of a user: numbered without gaps, held for long polls, and streamed."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shared.database import Database
from shared.news import News, forget_old, write_news
from shared.settings import Settings
from tests.live import Person, serving
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded

pytestmark = pytest.mark.timeout(30)


def data_of(lines: Iterator[str]) -> Iterator[tuple[int | None, dict[str, object]]]:
    """Yield the number and the frame of each event of a stream."""
    number: int | None = None
    for line in lines:
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            yield number, json.loads(line[6:])
            number = None


def test_a_job_tells_each_of_its_states_once(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(3))
    bench.run_all()
    body = client.get("/events").json()
    assert [(event["event"], event["state"]) for event in body["events"]] == [
        (1, "queued"),
        (2, "running"),
        (3, "succeeded"),
    ]
    assert body["next"] == 3
    last = body["events"][-1]
    assert (last["document_id"], last["pages_done"], last["pages_total"]) == (document["id"], 3, 3)
    assert last["rev"] == client.get(f"/documents/{document['id']}").json()["rev"]


def test_without_news_the_answer_waits_and_then_is_empty(client: TestClient) -> None:
    sign_in(client)
    began = time.monotonic()
    assert client.get("/events", params={"after": 0, "wait": 0.5}).json() == {"events": [], "next": 0}
    assert time.monotonic() - began >= 0.5


def test_news_ends_the_wait(ada: Person, bob: Person) -> None:
    timer = threading.Timer(0.5, lambda: ada.send(bob, "here"))
    timer.start()
    began = time.monotonic()
    (event,) = bob.news(wait=20)
    timer.join()
    assert event["message"]["content"] == "here"
    assert time.monotonic() - began < 10


def test_many_waiting_clients_leave_threads_and_connections_free(ada: Person, bob: Person) -> None:
    waiting = [threading.Thread(target=bob.news, kwargs={"wait": 20}) for _ in range(60)]
    for thread in waiting:
        thread.start()
    time.sleep(1)
    began = time.monotonic()
    ada.send(bob, "still quick")  # Which ends all that waiting, too.
    assert time.monotonic() - began < 10
    for thread in waiting:
        thread.join()


def test_a_client_from_the_future_is_told_where_the_log_stands(ada: Person, bob: Person) -> None:
    assert bob.http.get("/events", params={"after": 9}).json() == {"events": [{"type": "gap", "event": 0}], "next": 0}
    ada.send(bob, "first")
    assert bob.news(9) == [{"type": "gap", "event": 1}]


def test_what_is_older_than_a_week_is_forgotten_and_a_gap(ada: Person, bob: Person, database: Database) -> None:
    for _ in range(3):
        ada.send(bob, "hi")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET created_at = now() - interval '8 days' WHERE number < 3")
    with database.unit_of_work() as session:
        assert forget_old(session) == 4
    assert [(event["type"], event["event"]) for event in bob.news()] == [("gap", 2), ("message", 3)]


@pytest.mark.parametrize("after", ["-1", "x", str(2**63)])
def test_a_number_that_is_none_is_refused(client: TestClient, after: str) -> None:
    assert sign_in(client).get("/events", params={"after": after}).status_code == 422


def test_news_is_for_who_is_signed_in(client: TestClient) -> None:
    assert client.get("/events").status_code == 401


def test_a_stream_begins_after_what_was_seen_last(ada: Person, bob: Person) -> None:
    for number in range(3):
        ada.send(bob, str(number))
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "1"}
    with bob.http.stream("GET", "/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        events = data_of(answer.iter_lines())
        assert [next(events)[0] for _ in range(2)] == [2, 3]
        ada.send(bob, "live")
        last, frame = next(events)
        assert (last, frame["event"], frame["type"]) == (4, 4, "message")


def test_a_stream_ends_with_the_session(ada: Person, database: Database) -> None:
    with ada.http.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as answer:
        lines = answer.iter_lines()
        next(lines)
        with database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE sessions SET revoked_at = now()")
        assert not [line for line in lines if line.startswith("data")]


def test_pages_tick_aside_without_a_number(ada: Person, bench: Bench) -> None:
    with ada.live() as a:
        a.hear("welcome")
        ada.http.post("/documents", files={"file": ("x.pdf", text_pdf(40))})
        bench.run_all()
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["state"] != "succeeded":
            frames.append(a.hear("job"))
    numbered = [frame["state"] for frame in frames if frame["event"]]
    assert numbered == ["queued", "running", "succeeded"]


def test_concurrent_writers_leave_no_gap_and_no_deadlock(ada: Person, bob: Person, database: Database) -> None:
    def write(first: int, second: int) -> None:
        for _ in range(50):
            with database.unit_of_work() as session:
                write_news(session, [News(first, "job", {"n": 1}), News(second, "job", {"n": 1})])

    threads = [threading.Thread(target=write, args=pair) for pair in [(ada.id, bob.id), (bob.id, ada.id)] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT user_id, count(*), min(number), max(number) FROM events GROUP BY 1")
        assert sorted(tuple(row) for row in found) == [(user, 200, 1, 200) for user in sorted((ada.id, bob.id))]


def test_news_crosses_from_one_api_process_to_another(settings: Settings) -> None:
    with ExitStack() as stack:
        here, there = stack.enter_context(serving(settings)), stack.enter_context(serving(settings))
        ada, bob = stack.enter_context(Person(here, "ada")), stack.enter_context(Person(there, "bob"))
        b = stack.enter_context(bob.live())
        ada.send(bob, "across")
        assert b.hear("message")["message"]["content"] == "across"


def test_news_goes_on_after_postgres_dropped_every_connection(ada: Person, bob: Person, database: Database) -> None:
    with bob.live() as b:
        b.hear("welcome")
        with database.engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        time.sleep(0.2)
        with database.unit_of_work() as session:  # Before the API listens again.
            write_news(session, [News(bob.id, "delivered", {"peer_id": ada.id, "upto": 1})])
        assert b.hear("delivered", within_s=15)["event"] == 1
        ada.send(bob, "after all")
        assert b.hear("message")["event"] == 2

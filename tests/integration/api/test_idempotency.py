"""Idempotency-Key: the work is done once, and whoever asks again gets the first answer."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import Response
from fastapi.testclient import TestClient
from pydantic import BaseModel, SecretStr
from sqlalchemy import text
from sqlmodel import Session

from api.app import create_app
from api.idempotency import Once
from shared import idempotency
from shared.database import Database
from shared.settings import Settings
from tests.pdf_files import text_pdf
from tests.work import PASSWORD, Bench, sign_in, upload

KEY = "7d0d5d3e one"
LOCKS = """FROM pg_locks WHERE locktype = 'advisory'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def send(client: httpx2.Client, content: bytes = b"", *, key: str = KEY, name: str = "x.pdf", **more: Any) -> Any:
    files = {"file": (name, content or text_pdf(), "application/pdf")}
    return client.post(more.pop("path", "/documents"), files=files, headers={"Idempotency-Key": key}, **more)


def scalar(database: Database, statement: str) -> Any:
    with database.unit_of_work() as session:
        return session.execute(text(statement)).scalar_one()


def execute(database: Database, statement: str) -> None:
    with database.unit_of_work() as session:
        session.execute(text(statement))


def jobs(database: Database) -> int:
    return int(scalar(database, "SELECT count(*) FROM jobs"))


def test_a_replay_gets_the_same_answer(client: TestClient, database: Database, tmp_path: Path) -> None:
    first, again = send(sign_in(client)), send(client)
    assert (again.status_code, again.content) == (202, first.content)
    for name in ("Location", "Retry-After", "ETag", "Content-Type", "Cache-Control"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert jobs(database) == 1
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1
    assert scalar(database, "SELECT count(*) FROM unowned_blobs") == 0


def test_without_a_key_the_same_upload_is_a_duplicate(client: TestClient) -> None:
    send(sign_in(client))
    assert upload(client, text_pdf()).json()["duplicate"] is True


def test_the_answer_for_a_duplicate_is_replayed_too(client: TestClient) -> None:
    upload(sign_in(client), text_pdf())
    first, again = send(client), send(client)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content


def test_a_replay_shows_the_first_answer_after_the_work_as_well(client: TestClient, bench: Bench) -> None:
    first = send(sign_in(client))
    bench.run_all()
    assert send(client).content == first.content


def test_both_names_of_the_door_are_one_operation(client: TestClient) -> None:
    first = send(sign_in(client))
    assert send(client, path="/upload-pdf").json() == first.json()


@pytest.mark.parametrize(
    "other",
    [
        {"content": b"%PDF-1.7 other"},
        {"name": "y.pdf"},
        {"data": {"pages": "1"}},
        {"data": {"password": "b"}},
    ],
    ids=["bytes", "name", "pages", "password"],
)
def test_the_same_key_for_something_else_is_refused(
    client: TestClient, database: Database, other: dict[str, Any]
) -> None:
    send(sign_in(client))
    answer = send(client, **other)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert answer.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert jobs(database) == 1
    assert scalar(database, "SELECT count(*) FROM unowned_blobs") == 0


def test_keys_belong_to_their_owner(client: TestClient, database: Database) -> None:
    first = send(sign_in(client))
    other = send(sign_in(client, "bob@example.org"), b"%PDF-1.7 other")
    assert other.status_code == 202
    assert other.json()["id"] != first.json()["id"]
    assert jobs(database) == 2


@pytest.mark.parametrize("key", ["", "a" * 256, "tab\there", "Grüße", "\x7f"])
def test_an_unusable_key_is_refused(client: TestClient, key: str) -> None:
    sign_in(client)
    answer = client.post("/documents", headers={b"Idempotency-Key": key.encode("latin-1")})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/Idempotency-Key"]


@pytest.mark.parametrize("key", ["a", "~" * 255, '"quoted, with: marks"'])
def test_every_printable_key_will_do(client: TestClient, key: str) -> None:
    send(sign_in(client), key=key)
    assert send(client, key=key).headers["Idempotency-Replayed"] == "true"


def test_a_refused_request_leaves_its_key_free(client: TestClient) -> None:
    assert send(sign_in(client), b"GIF89a").status_code == 400
    assert send(client).status_code == 202


def test_a_request_refused_at_its_transaction_leaves_its_key_free(settings: Settings, bench: Bench) -> None:
    with TestClient(create_app(settings.model_copy(update={"max_open_jobs": 1}))) as client:
        upload(sign_in(client), b"%PDF-1.7 nothing more")
        assert send(client).status_code == 429
        bench.run_all()
        assert send(client).status_code == 202


def test_a_replay_passes_every_limit(settings: Settings, database: Database) -> None:
    narrow = settings.model_copy(update={"max_open_jobs": 1, "max_queued": 1})
    with TestClient(create_app(narrow)) as client:
        first = send(sign_in(client))
        execute(database, "UPDATE users SET storage_quota = 1")
        assert send(client).content == first.content


def test_after_a_day_a_key_is_new(client: TestClient, database: Database) -> None:
    send(sign_in(client))
    execute(database, "UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
    other = send(client, b"%PDF-1.7 other")
    assert other.status_code == 202
    assert send(client, b"%PDF-1.7 other").content == other.content
    assert jobs(database) == 2


def test_a_key_that_was_refused_after_a_day_is_still_free(client: TestClient, database: Database) -> None:
    send(sign_in(client))
    execute(database, "UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
    execute(database, "UPDATE users SET storage_quota = 1")
    assert send(client, b"%PDF-1.7 other").status_code == 507
    execute(database, "UPDATE users SET storage_quota = NULL")
    assert send(client, b"%PDF-1.7 other").status_code == 202


def test_a_key_is_known_for_a_day(client: TestClient, database: Database) -> None:
    send(sign_in(client))
    owner = scalar(database, "SELECT id FROM users")
    for known in (True, False):
        execute(database, "UPDATE idempotency_keys SET created_at = created_at - interval '23 hours'")
        with database.unit_of_work() as session:
            assert idempotency.is_known(session, owner, KEY) is known


def test_old_answers_are_forgotten_a_few_at_a_time(client: TestClient, database: Database) -> None:
    sign_in(client)
    for key in "abc":
        send(client, key=key)
    execute(database, "UPDATE idempotency_keys SET created_at = created_at - interval '25 hours' WHERE key < 'c'")
    for expected in (1, 1, 0):
        with database.unit_of_work() as session:
            assert idempotency.forget_old(session, limit=1) == expected
    assert scalar(database, "SELECT key FROM idempotency_keys") == "c"


def test_a_password_cannot_be_guessed_from_the_table(
    client: TestClient, database: Database, settings: Settings
) -> None:
    fingerprint = "SELECT fingerprint FROM idempotency_keys"
    send(sign_in(client), data={"password": "secret"})
    before = scalar(database, fingerprint)
    execute(database, "DELETE FROM idempotency_keys")
    other_key = settings.model_copy(update={"secret_key": SecretStr("another key 0123456789 abcdefghij")})
    with TestClient(create_app(other_key)) as elsewhere:
        signed_in = elsewhere.post("/login", json={"email": "ada@example.org", "password": PASSWORD}).json()
        elsewhere.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        send(elsewhere, data={"password": "secret"})
    assert scalar(database, fingerprint) != before


def test_an_answer_that_waited_is_replayed_as_it_was_sent(client: TestClient, bench: Bench) -> None:
    sign_in(client)
    working = bench.run_next_upload()
    first = send(client, params={"wait": 8})
    working.join()
    again = send(client, params={"wait": 8})
    assert first.json()["status"] == "succeeded"
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Retry-After" not in again.headers


def test_a_crash_before_the_commit_leaves_the_work_to_the_retry(client: TestClient, database: Database) -> None:
    sign_in(client)
    execute(database, "ALTER TABLE parts RENAME TO parts_away")
    assert send(client).status_code == 500
    execute(database, "ALTER TABLE parts_away RENAME TO parts")
    assert send(client).status_code == 202
    assert jobs(database) == 1


def test_an_answer_that_cannot_be_kept_is_no_promise(client: TestClient, database: Database) -> None:
    execute(database, "ALTER TABLE idempotency_keys ADD CHECK (status = 0)")
    assert send(sign_in(client)).status_code == 500
    assert (jobs(database), scalar(database, "SELECT count(*) FROM documents")) == (0, 0)


@contextmanager
def served(settings: Settings, *, like: TestClient) -> Iterator[httpx2.Client]:
    """Serve the API on a socket, where a body may stand still without stopping the others, and sign in as `like`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        headers = {"Authorization": like.headers["Authorization"]}
        with httpx2.Client(base_url=address, headers=headers, trust_env=False) as client:
            yield client
        server.should_exit = True
        thread.join()


def slowly(content: bytes, go_on: threading.Event) -> Iterator[bytes]:
    yield b"--b\r\nContent-Disposition: form-data; name=file; filename=x.pdf\r\n\r\n" + content
    go_on.wait(5)
    yield b"\r\n--b--\r\n"


@contextmanager
def streaming(client: httpx2.Client, database: Database, *, key: str = KEY) -> Iterator[Future[httpx2.Response]]:
    """Begin an upload with the key, and let its body end with the block."""
    go_on = threading.Event()
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Idempotency-Key": key}
    with ThreadPoolExecutor() as pool:
        body = slowly(text_pdf(), go_on)
        answer = pool.submit(client.post, "/documents", content=body, headers=headers)
        try:
            eventually(lambda: scalar(database, f"SELECT count(*) {LOCKS}") and expected(database))
            yield answer
        finally:
            go_on.set()


def eventually(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def expected(database: Database) -> int:
    return int(scalar(database, "SELECT count(*) FROM unowned_blobs"))


def test_in_one_process_a_second_request_is_told_to_wait(
    settings: Settings, database: Database, client: TestClient
) -> None:
    with served(settings, like=sign_in(client)) as one:
        with streaming(one, database) as first:
            refused = send(one)
            free = send(one, b"%PDF-1.7 other", key="another key")
        assert first.result().status_code == 202
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_in_flight")
        assert (refused.headers["Retry-After"], refused.json()["retryable"]) == ("1", True)
        assert free.status_code == 202
        assert send(one).headers["Idempotency-Replayed"] == "true"


def test_in_another_process_a_second_request_is_told_to_wait(
    settings: Settings, database: Database, client: TestClient
) -> None:
    with served(settings, like=sign_in(client)) as one:
        with streaming(one, database) as first:
            assert send(client).json()["code"] == "idempotency_in_flight"
        assert first.result().status_code == 202
        assert send(client).headers["Idempotency-Replayed"] == "true"


def test_no_transaction_is_open_while_a_body_streams(
    settings: Settings, database: Database, client: TestClient
) -> None:
    with served(settings, like=sign_in(client)) as one, streaming(one, database):
        held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        eventually(lambda: scalar(database, held) == 0)


def test_the_lock_of_a_lost_connection_goes_and_the_work_is_still_done_once(
    settings: Settings, database: Database, client: TestClient
) -> None:
    with served(settings, like=sign_in(client)) as one:
        with streaming(one, database) as first:
            execute(database, f"SELECT pg_terminate_backend(pid) {LOCKS}")
            eventually(lambda: scalar(database, f"SELECT count(*) {LOCKS}") == 0)
            winner = send(client)
        loser = first.result()
        assert (winner.status_code, loser.status_code) == (202, 202)
        assert loser.headers["Idempotency-Replayed"] == "true"
        assert loser.content == winner.content
        assert jobs(database) == 1
        assert send(one, b"%PDF-1.7 other", key="another key").status_code == 202


def test_a_connection_that_was_lost_in_between_is_made_again(
    settings: Settings, database: Database, client: TestClient
) -> None:
    with served(settings, like=sign_in(client)) as one:
        send(one)
        last = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_advisory_unlock%'"
        assert scalar(database, f"SELECT pg_terminate_backend(pid) {last}")
        with streaming(one, database, key="another key"):
            assert send(client, key="another key").status_code == 409


def test_of_twenty_requests_with_one_key_one_does_the_work(settings: Settings, database: Database) -> None:
    with TestClient(create_app(settings)) as one, TestClient(create_app(settings)) as two:
        two.headers["Authorization"] = sign_in(one).headers["Authorization"]
        for process in (one, two):  # FastAPI builds a route at its first request, which two threads may not do at once.
            assert process.post("/documents").status_code == 400
        together = threading.Barrier(20)

        def race(number: int) -> httpx2.Response:
            together.wait()
            answer: httpx2.Response = send(two if number % 2 else one)
            return answer

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(race, range(20)))
    done = [answer for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.content for answer in done}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
    assert jobs(database) == 1


class Thing(BaseModel):
    name: str = ""


@pytest.fixture
def things(settings: Settings) -> Iterator[TestClient]:
    """Give the API two JSON routes that count how often they work."""
    app = create_app(settings)

    def work(session: Session) -> Response:
        number = session.execute(text("SELECT nextval('turn_seq')")).scalar_one()
        return Response(f'{{"number": {number}}}', 201, {"Location": f"/things/{number}"}, "application/json")

    @app.post("/things")
    def create_thing(thing: Thing, once: Once) -> Response:
        return once.answer(work if thing.name != "refused" else lambda _session: Response(status_code=409))

    @app.post("/things/{name}/retry")
    def retry_thing(name: str, once: Once) -> Response:
        assert name
        return once.answer(work)

    with TestClient(app) as client:
        yield sign_in(client)


def post(client: TestClient, path: str, body: bytes = b"") -> httpx2.Response:
    return client.post(path, content=body, headers={"Idempotency-Key": KEY, "Content-Type": "application/json"})


def test_a_json_route_works_once_for_a_key(things: TestClient) -> None:
    first = post(things, "/things", b'{"name": "a", "extra": 1}')
    again = post(things, "/things", b'{"extra":1,"name":"a"}')
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert post(things, "/things", b'{"name": "b"}').json()["code"] == "idempotency_mismatch"


def test_a_route_without_a_body_works_once_for_a_key(things: TestClient) -> None:
    first, again = post(things, "/things/a/retry"), post(things, "/things/a/retry")
    assert again.content == first.content
    for path in ("/things/b/retry", "/things/a/retry?x=1"):
        assert post(things, path).json()["code"] == "idempotency_mismatch"


def test_a_refusal_that_is_returned_is_not_kept(things: TestClient) -> None:
    for _ in range(2):
        answer = post(things, "/things", b'{"name": "refused"}')
        assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (409, False)
    assert post(things, "/things", b'{"name": "a"}').status_code == 201


def test_a_body_of_nothing_but_brackets_is_no_defect(things: TestClient) -> None:
    assert post(things, "/things/a/retry", b"[" * 100_000).status_code == 201


def test_without_a_key_a_json_route_works_each_time(things: TestClient) -> None:
    numbers = {things.post("/things", json={}).json()["number"] for _ in range(2)}
    assert len(numbers) == 2


def test_the_description_shows_the_key_as_an_optional_header(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/documents", "/upload-pdf"):
        operation = paths[path]["post"]
        header = next(each for each in operation["parameters"] if each["name"] == "Idempotency-Key")
        assert (header["in"], header["required"]) == ("header", False)
        assert "`idempotency_in_flight`" in operation["responses"]["409"]["description"]
        assert "`idempotency_mismatch`" in operation["responses"]["422"]["description"]
        assert "Idempotency-Replayed" in operation["responses"]["202"]["headers"]

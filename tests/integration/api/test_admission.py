"""Who is let in: the limits of one owner and of the installation, before the body and when it counts."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api import admission
from api.app import create_app
from api.backlog import Backlog
from shared.database import Database
from shared.settings import Settings
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, upload, uploaded

MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.fixture
def limits() -> dict[str, int]:
    return {}


@pytest.fixture
def client(settings: Settings, limits: dict[str, int]) -> Iterator[TestClient]:
    narrow = settings.model_copy(update={"rate_limits": "off", **limits})
    with TestClient(create_app(narrow), raise_server_exceptions=False) as client:
        yield client


def set_quota(database: Database, quota: int) -> None:
    with database.unit_of_work() as session:
        session.execute(text("UPDATE users SET storage_quota = :quota"), {"quota": quota})


def pdf(number: int) -> bytes:
    """Return one of several small files of the same size."""
    return text_pdf(text=f"File {number:03}")


def codes(client: TestClient, count: int) -> Counter[str]:
    """Upload files at the same moment and count what is answered."""
    together = threading.Barrier(count)

    def send(number: int) -> str:
        together.wait()
        answer = upload(client, pdf(number))
        return str(answer.json().get("code", answer.status_code))

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(send, range(count)))


class Unread:
    """A body that tells whether anybody read it."""

    def __init__(self) -> None:
        self.was_read = False

    def __iter__(self) -> Iterator[bytes]:
        self.was_read = True
        yield b"--b\r\n"


@pytest.mark.parametrize("limits", [{"max_open_jobs": 2}])
def test_an_owner_with_too_many_open_jobs_is_told_when_to_come_back(client: TestClient) -> None:
    sign_in(client)
    for number in range(2):
        uploaded(client, pdf(number))
    answer = upload(client, pdf(2))
    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (429, "too_many_open_jobs", True)
    assert answer.headers["Retry-After"] == "60"
    assert upload(sign_in(client, "bob@example.org"), pdf(3)).status_code == 202


@pytest.mark.parametrize("limits", [{"max_open_jobs": 1}])
def test_a_refused_upload_leaves_no_blob(client: TestClient, database: Database) -> None:
    uploaded(sign_in(client), pdf(1))
    upload(client, pdf(2))
    with database.unit_of_work() as session:
        assert session.execute(text("SELECT count(*) FROM unowned_blobs")).scalar_one() == 0


@pytest.mark.parametrize("limits", [{"max_open_jobs": 1}])
def test_the_owners_own_pace_says_when_to_come_back(client: TestClient, bench: Bench) -> None:
    sign_in(client)
    for number in range(3):
        uploaded(client, b"%PDF-1.7 nothing more " + str(number).encode())
        bench.run_all()
    uploaded(client, pdf(1))
    assert upload(client, pdf(2)).headers["Retry-After"] == "20"


@pytest.mark.parametrize("limits", [{"max_open_jobs": 1}])
def test_a_duplicate_needs_no_place_among_the_open_jobs(client: TestClient) -> None:
    uploaded(sign_in(client), pdf(1))
    assert upload(client, pdf(1)).status_code == 200


@pytest.mark.parametrize("limits", [{"max_open_jobs": 1}])
def test_a_document_that_failed_needs_a_place_for_its_new_job(client: TestClient, bench: Bench) -> None:
    uploaded(sign_in(client), b"%PDF-1.7 nothing more")
    bench.run_all()
    uploaded(client, pdf(1))
    assert upload(client, b"%PDF-1.7 nothing more").status_code == 429


@pytest.mark.parametrize("limits", [{"max_open_jobs": 3}])
def test_of_parallel_uploads_at_the_edge_exactly_one_wins(client: TestClient) -> None:
    sign_in(client)
    for number in (100, 101):
        uploaded(client, pdf(number))
    assert codes(client, 6) == {"202": 1, "too_many_open_jobs": 5}


@pytest.mark.parametrize("limits", [{"max_queued": 5}])
def test_a_full_installation_takes_no_sixth_job(client: TestClient) -> None:
    sign_in(client)
    for number in range(5):
        uploaded(client, pdf(number))
    answer = upload(client, pdf(5))
    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (503, "backlog_full", True)
    assert answer.headers["Retry-After"] == "300"


@pytest.mark.parametrize("limits", [{"max_queued": 1}])
def test_a_full_installation_reads_no_body(client: TestClient) -> None:
    uploaded(sign_in(client), pdf(1))
    body = Unread()
    assert client.post("/documents", content=iter(body), headers=MULTIPART).json()["code"] == "backlog_full"
    assert not body.was_read


@pytest.mark.parametrize("limits", [{"max_queued": 3}])
def test_of_one_owners_parallel_uploads_the_backlog_takes_as_many_as_fit(client: TestClient) -> None:
    sign_in(client)
    assert codes(client, 6) == {"202": 3, "backlog_full": 3}


@pytest.mark.parametrize("limits", [{"max_queued": 1}])
def test_work_that_ends_makes_room(client: TestClient, bench: Bench) -> None:
    uploaded(sign_in(client), pdf(1))
    bench.run_all()
    assert upload(client, pdf(2)).status_code == 202


@pytest.mark.parametrize("limits", [{"max_queued": 1, "max_open_jobs": 1}])
def test_under_every_limit_reading_goes_on(client: TestClient) -> None:
    document = uploaded(sign_in(client), pdf(1))
    assert upload(client, pdf(2)).status_code in (429, 503)
    assert client.get("/documents").status_code == 200
    assert client.get(f"/jobs/{document['job']['id']}").status_code == 200


def test_what_cannot_fit_the_quota_is_not_read(client: TestClient, database: Database) -> None:
    sign_in(client)
    set_quota(database, 100_000)
    body = Unread()
    answer = client.post("/documents", content=iter(body), headers={**MULTIPART, "Content-Length": "300000"})
    assert (answer.status_code, answer.json()["code"]) == (507, "quota_exceeded")
    assert not body.was_read


def test_the_quota_counts_the_real_size(client: TestClient, database: Database) -> None:
    sign_in(client)
    set_quota(database, len(pdf(1)))
    assert upload(client, pdf(1)).status_code == 202
    answer = upload(client, pdf(2))
    assert (answer.status_code, answer.json()["code"]) == (507, "quota_exceeded")
    assert client.get("/users/me").json()["storage_used"] == len(pdf(1))


def test_of_parallel_uploads_at_the_edge_of_the_quota_exactly_one_wins(client: TestClient, database: Database) -> None:
    sign_in(client)
    set_quota(database, 2 * len(pdf(1)) - 1)
    assert codes(client, 6) == {"202": 1, "quota_exceeded": 5}


def test_a_new_job_for_a_kept_document_needs_no_quota(client: TestClient, bench: Bench, database: Database) -> None:
    content = b"%PDF-1.7 nothing more"
    uploaded(sign_in(client), content)
    bench.run_all()
    set_quota(database, len(content))
    assert upload(client, content).status_code == 202


def test_a_full_disk_is_told_before_the_body(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(client)
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_bavail=2**18 - 1, f_frsize=4096))
    body = Unread()
    answer = client.post("/documents", content=iter(body), headers=MULTIPART)
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert not body.was_read


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (psycopg.errors.DiskFull, 507, "storage_full"),
        (psycopg.errors.OutOfMemory, 503, "unavailable"),
        (psycopg.errors.TooManyConnections, 503, "unavailable"),
    ],
)
def test_a_database_without_room_says_what_is_missing(
    settings: Settings, fault: type[psycopg.Error], status: int, code: str
) -> None:
    app = create_app(settings)

    @app.get("/fault")
    def fail() -> None:
        raise OperationalError("INSERT", {}, fault("could not extend file"))

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/fault")
    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (status, code, True)
    assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.mark.parametrize(("seconds", "said"), [(None, "2"), (0.0, "1"), (0.2, "1"), (1.5, "2"), (60, "60")])
def test_retry_after_is_whole_seconds_and_never_none(settings: Settings, seconds: float | None, said: str) -> None:
    app = create_app(settings)

    @app.get("/busy")
    def refuse() -> None:
        raise admission.TooManyOpenJobs(retry_after=seconds)

    with TestClient(app) as client:
        assert client.get("/busy").headers["Retry-After"] == said


def test_a_large_backlog_is_counted_once_a_second_and_what_was_admitted_since_is_added(
    client: TestClient, database: Database
) -> None:
    backlog = Backlog(limit=2000)
    uploaded(sign_in(client), pdf(1))
    with database.unit_of_work() as session:
        assert not backlog.is_full(session)
        session.execute(text("UPDATE jobs SET state = 'canceled', finished_at = now()"))
        assert [backlog.admit(session) for _ in range(2000)].count(True) == 1999


def test_counting_a_backlog_waits_for_no_connection_with_the_turn_in_hand(settings: Settings) -> None:
    database = Database(settings.database_url, pool_size=1)
    backlog = Backlog(limit=10)

    def look(number: int) -> bool:
        with database.unit_of_work() as session:
            if number % 2:
                session.execute(text("SELECT pg_sleep(0.01)"))  # Some come with a connection in hand.
            return backlog.is_full(session)

    with ThreadPoolExecutor(16) as pool:
        assert [done.result(timeout=5) for done in [pool.submit(look, n) for n in range(64)]] == [False] * 64
    database.close()


def test_the_description_names_the_refusals(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/documents"]["post"]
    described = {status: answer["description"] for status, answer in operation["responses"].items()}
    assert "`too_many_open_jobs`" in described["429"]
    assert "`backlog_full`" in described["503"]
    assert "`quota_exceeded`" in described["507"]
    assert operation["responses"]["429"]["headers"]["Retry-After"]

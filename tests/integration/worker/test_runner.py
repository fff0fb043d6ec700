"""The run of a part with a real sandbox and a real database: what each end of it leaves behind."""

import threading
import time
import zlib

import psutil
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import col, select

from shared.database import Database
from shared.models import Attempt, Document, Part
from tests.pdf_files import encrypted_pdf, one_bad_page_pdf, slow_page_pdf, text_pdf, untyped_pages_pdf
from tests.work import Bench, sign_in, uploaded


def job_of(client: TestClient, document: dict[str, object]) -> dict[str, object]:
    body: dict[str, object] = client.get(f"/documents/{document['id']}").json()["job"]
    return body


def code_of(job: dict[str, object]) -> object:
    error = job["error"]
    return error["code"] if isinstance(error, dict) else None


@pytest.mark.parametrize(
    ("password", "state", "code"),
    [("", "failed", "password_required"), ("wrong", "failed", "password_wrong"), ("right", "succeeded", None)],
)
def test_an_encrypted_pdf_needs_its_password(
    client: TestClient, bench: Bench, password: str, state: str, code: str | None
) -> None:
    document = uploaded(sign_in(client), encrypted_pdf("right"), password=password)
    bench.run_all()
    job = job_of(client, document)
    assert (job["state"], code_of(job)) == (state, code)


def test_the_password_sent_with_the_same_file_opens_it(client: TestClient, bench: Bench) -> None:
    first = uploaded(sign_in(client), encrypted_pdf("right"))
    bench.run_all()
    again = uploaded(client, encrypted_pdf("right"), password="right")
    bench.run_all()
    assert again["id"] == first["id"]
    assert job_of(client, again)["state"] == "succeeded"


def test_a_damaged_pdf_gets_a_sentence_with_the_next_step(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), b"%PDF-1.7\nnot much of a PDF")
    bench.run_all()
    error = job_of(client, document)["error"]
    assert isinstance(error, dict)
    assert error["code"] == "damaged_pdf"
    assert "save it anew" in error["message"]


def test_too_many_pages_are_refused_unless_some_are_selected(client: TestClient, bench: Bench) -> None:
    whole = uploaded(sign_in(client), text_pdf(51))
    some = uploaded(client, text_pdf(51), pages="50-51")
    bench.run_all()
    assert code_of(job_of(client, whole)) == "too_many_pages"
    assert job_of(client, some)["progress"] == {"pages_done": 2, "pages_failed": 0, "pages_total": 2}


def test_a_selection_beyond_the_end_says_how_many_pages_there_are(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(2), pages="7-9")
    bench.run_all()
    error = job_of(client, document)["error"]
    assert isinstance(error, dict)
    assert (error["code"], "2 pages" in error["message"]) == ("no_such_pages", True)


def test_one_bad_page_costs_one_page(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), one_bad_page_pdf(3, bad=2))
    bench.run_all()
    job = job_of(client, document)
    assert (job["state"], job["failed_pages"]) == ("partial", [{"number": 2, "code": "page_error"}])
    pages = client.get(f"/documents/{document['id']}/pages").json()["data"]
    assert [page.get("error", {}).get("code") for page in pages] == [None, "page_error", None]
    assert client.get(f"/documents/{document['id']}/text").text.count("\f") == 2


def test_a_retry_reads_only_what_is_missing(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(3))
    with bench.database.unit_of_work() as session:
        session.execute(text("UPDATE documents SET page_count = 3"))
        session.execute(
            text("""INSERT INTO pages (document_id, settings, number, job_id, attempt, table_count, content, created_at)
                    SELECT document_id, settings, 2, id, 1, 0, :content, now() FROM jobs"""),
            {"content": zlib.compress(b'{"text": "from before", "tables": []}')},
        )
    bench.run_all()
    assert client.get(f"/documents/{document['id']}/text").text.split("\f")[1] == "from before"
    assert job_of(client, document)["state"] == "succeeded"
    with bench.database.unit_of_work() as session:
        assert session.exec(select(Attempt.pages_done)).one() == 2


def test_the_last_pages_and_the_end_of_their_part_are_one_transaction(client: TestClient, bench: Bench) -> None:
    uploaded(sign_in(client), text_pdf(2))
    bench.run_all()
    with bench.database.unit_of_work() as session:
        ended = "SELECT g.xmin = p.xmin FROM parts p, pages g WHERE p.state = 'succeeded' ORDER BY number DESC LIMIT 1"
        assert session.execute(text(ended)).scalar_one()


def test_a_worker_goes_on_when_its_idle_connections_were_lost(
    client: TestClient, bench: Bench, database: Database
) -> None:
    document = uploaded(sign_in(client), text_pdf(1))
    (bell,) = bench.dispatch()
    with database.unit_of_work() as session:
        idle = "datname = current_database() AND state = 'idle' AND query NOT LIKE 'LISTEN%'"
        lost = session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {idle}"))  # noqa: S608 — Ours.
        assert lost.all()
    bench.runner.look_at(bell.part_id, bell.dispatch_seq)
    client.get("/documents")  # The API's were lost as well; it says so once, and has new ones.
    assert job_of(client, document)["state"] == "succeeded"


def sandbox_child(after: float = 0.0) -> psutil.Process:
    """Wait for a child of the forkserver and return it; the stores of the tests may be our children as well."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        ours = psutil.Process().children()
        servers = [server for server in ours if any("worker.extraction" in word for word in server.cmdline())]
        born = [child for server in servers for child in server.children()]
        if born:
            time.sleep(after)
            return born[0]
        time.sleep(0.01)
    raise AssertionError("no sandbox child appeared")


def kill_sandbox_children(count: int, *, after: float) -> None:
    """Kill so many children, each when it has worked for a while; a used one is followed by a fresh one at once."""
    for _ in range(count):
        child = sandbox_child(after=after)
        child.kill()
        child.wait(timeout=2)


def test_a_killed_sandbox_child_is_tried_again_after_a_pause(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), slow_page_pdf(2, slow=2))
    running = threading.Thread(target=bench.run_all)
    running.start()
    kill_sandbox_children(2, after=1.0)
    running.join()
    with bench.database.unit_of_work() as session:
        attempt = session.exec(select(Attempt)).one()
        assert (attempt.outcome, attempt.error_code, attempt.signal) == ("crashed", "sandbox_crashed", 9)
        assert (attempt.error_page, attempt.pages_done) == (2, 1)
        assert session.exec(select(Part.state)).one() == "retry_wait"
    assert job_of(client, document)["state"] == "running"


def test_a_page_that_kills_the_sandbox_twice_is_given_up(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), slow_page_pdf(3, slow=2))
    for children in (2, 1):  # The second attempt begins with the page.
        with bench.database.unit_of_work() as session:
            session.execute(text("UPDATE parts SET state = 'queued'"))
        running = threading.Thread(target=bench.run_all)
        running.start()
        kill_sandbox_children(children, after=0.7)
        running.join()
    job = job_of(client, document)
    assert (job["state"], job["failed_pages"]) == ("partial", [{"number": 2, "code": "page_crashed"}])
    assert job["progress"] == {"pages_done": 2, "pages_failed": 1, "pages_total": 3}


def test_a_fenced_out_attempt_stops_and_writes_nothing_more(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), slow_page_pdf(2, slow=2))
    running = threading.Thread(target=bench.run_all)
    running.start()
    child = sandbox_child(after=0.7)
    with bench.database.unit_of_work() as session:
        session.execute(text("UPDATE parts SET attempt = attempt + 1"))
    bench.runner.leases.renew()
    running.join(timeout=8)
    assert not running.is_alive()
    assert not child.is_running()
    assert job_of(client, document)["state"] == "running"


def test_a_stopping_worker_hands_its_part_back(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(40))
    bench.runner.stop_soon()
    (bell,) = bench.dispatch()
    bench.runner.look_at(bell.part_id, bell.dispatch_seq)
    with bench.database.unit_of_work() as session:
        assert session.exec(select(Attempt.outcome)).one() == "handed_back"
        assert session.exec(select(Part.state, Part.strikes).where(Part.attempt == 1)).one() == ("queued", 0)
        assert session.exec(select(col(Attempt.pages_done))).one() == 1
    assert job_of(client, document)["progress"] == {"pages_done": 1, "pages_failed": 0, "pages_total": 40}


def test_a_lost_blob_fails_the_job_with_a_reason(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf())
    with bench.database.unit_of_work() as session:
        session.execute(text("UPDATE documents SET blob_key = 'ab/gone'"))
    bench.run_all()
    assert code_of(job_of(client, document)) == "file_missing"


def test_a_damaged_pdf_that_pdfium_opens_is_repaired_and_says_so(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), untyped_pages_pdf(20))
    assert document["repaired"] is False
    bench.run_all()
    card = client.get(f"/documents/{document['id']}").json()
    assert (card["status"], card["page_count"], card["repaired"]) == ("succeeded", 20, True)
    numbers = [text.split()[1] for text in client.get(f"/documents/{document['id']}/text").text.split("\f")]
    assert numbers == [str(number) for number in range(1, 21)]
    with bench.database.unit_of_work() as session:
        assert "and 20 in the copy" in str(session.exec(select(Document.repaired_because)).one())


def test_a_later_job_reads_from_the_repaired_copy(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), untyped_pages_pdf(3), pages="1")
    bench.run_all()
    client.post(f"/documents/{document['id']}/jobs", json={"pages": "3"})
    bench.run_all()
    assert client.get(f"/documents/{document['id']}/pages/3").json()["text"].startswith("Page 3")
    assert client.get(f"/documents/{document['id']}").json()["repaired"] is True

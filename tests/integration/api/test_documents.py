"""Documents over HTTP: what an upload promises, what is refused, and what is there before and after the work."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from shared.database import Database
from tests.pdf_files import table_pdf, text_pdf
from tests.work import Bench, sign_in, upload, uploaded


def blobs_below(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


def test_an_upload_is_accepted_with_its_queued_job(client: TestClient) -> None:
    answer = upload(sign_in(client), text_pdf(), "report.pdf")
    document = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/jobs/{document['job']['id']}"
    assert answer.headers["Retry-After"] == "1"
    assert document["filename"] == "report.pdf"
    assert document["status"] == "queued"
    assert document["rev"] == 1
    assert document["job"] == {
        "id": document["job"]["id"],
        "kind": "extraction",
        "state": "queued",
        "done": False,
        "document_id": document["id"],
        "progress": {"pages_done": 0, "pages_failed": 0, "pages_total": None},
        "queue_position": 1,
        "attempt": 0,
        "created_at": document["job"]["created_at"],
        "started_at": None,
        "finished_at": None,
        "error": None,
        "retry_of": None,
        "reused": False,
    }
    assert document["created_at"].endswith("Z")


def test_upload_pdf_is_the_same_door(client: TestClient) -> None:
    answer = sign_in(client).post("/upload-pdf", files={"file": ("x.pdf", text_pdf())})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "empty_file"),
        (b"<html>no pdf</html>", 400, "not_a_pdf"),
        (b"x" * 5000 + b"%PDF-1.7", 400, "not_a_pdf"),
        (b"%PDF-1.7" + b"x" * (2 * 2**20), 413, "file_too_large"),
        (b"%PDF-1.7" + b"x" * (3 * 2**20), 413, "file_too_large"),
    ],
)
def test_a_refused_upload_leaves_nothing(
    client: TestClient, tmp_path: Path, content: bytes, status: int, code: str
) -> None:
    answer = upload(sign_in(client), content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert blobs_below(tmp_path) == []
    assert client.get("/documents").json()["total"] == 0


def test_not_a_pdf_says_so_in_the_words_of_old(client: TestClient) -> None:
    assert upload(sign_in(client), b"GIF89a").json()["error"] == "Only PDF files allowed"


@pytest.mark.parametrize("fields", [{"pages": "0"}, {"pages": "x"}, {"tables": "many"}, {"colour": "red"}])
def test_a_bad_field_is_named_and_leaves_nothing(client: TestClient, tmp_path: Path, fields: dict[str, str]) -> None:
    answer = upload(sign_in(client), text_pdf(), **fields)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(fields))}"
    assert blobs_below(tmp_path) == []


def test_a_form_without_a_file_is_refused(client: TestClient) -> None:
    answer = sign_in(client).post("/documents", files={"other": ("x.pdf", b"%PDF-")})
    assert answer.json()["errors"][0]["pointer"] == "/file"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=file; filename=x\r\n\r\n%PDF-",
        ),
        ("multipart/form-data; boundary=b", b"no boundary at all"),
    ],
)
def test_a_broken_form_is_refused(client: TestClient, tmp_path: Path, content_type: str, body: bytes) -> None:
    answer = sign_in(client).post("/documents", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_multipart")
    assert blobs_below(tmp_path) == []


def test_without_a_token_not_a_byte_of_the_body_is_read(client: TestClient) -> None:
    read = False

    def body() -> "object":
        nonlocal read
        read = True
        yield b"--b\r\n"

    answer = client.post("/documents", content=body(), headers={"Content-Type": "multipart/form-data; boundary=b"})  # type: ignore[arg-type]  # A generator.
    assert answer.status_code == 401


def test_the_same_bytes_and_options_are_one_document(client: TestClient, tmp_path: Path) -> None:
    first = uploaded(sign_in(client), text_pdf(), pages="1-3")
    again = upload(client, text_pdf(), "other.pdf", pages="1,2,3")
    assert again.status_code == 200
    assert again.json()["duplicate"] is True
    assert again.json()["id"] == first["id"]
    assert again.json()["job"]["id"] == first["job"]["id"]
    assert len(blobs_below(tmp_path)) == 1


def test_other_options_or_another_user_make_another_document(client: TestClient) -> None:
    first = uploaded(sign_in(client), text_pdf())
    assert uploaded(client, text_pdf(), pages="1")["id"] != first["id"]
    assert uploaded(sign_in(client, "bob@example.org"), text_pdf())["id"] != first["id"]


def test_a_failed_document_gets_a_new_job_when_it_is_sent_again(client: TestClient, bench: Bench) -> None:
    first = uploaded(sign_in(client), b"%PDF-1.7 nothing more")
    bench.run_all()
    again = uploaded(client, b"%PDF-1.7 nothing more")
    assert again["id"] == first["id"]
    assert again["job"]["id"] != first["job"]["id"]
    assert again["duplicate"] is False


def test_a_read_document_shows_its_text_and_tables(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), table_pdf())
    bench.run_all()
    body = client.get(f"/documents/{document['id']}").json()
    assert (body["status"], body["page_count"], body["table_count"]) == ("succeeded", 1, 1)
    assert "r1c1" in body["text_preview"]
    tables = client.get(f"/documents/{document['id']}/tables").json()["data"]
    assert [table["number"] for table in tables] == [1]
    assert len(tables[0]["bbox"]) == 4


def test_pages_and_text_of_a_read_document(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(3))
    bench.run_all()
    url = f"/documents/{document['id']}"
    text = client.get(f"{url}/text")
    assert text.text.count("\f") == 2
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert client.get(f"{url}/text", params={"pages": "2"}).text == text.text.split("\f")[1]
    pages = client.get(f"{url}/pages", params={"limit": 2}).json()
    assert [page["number"] for page in pages["data"]] == [1, 2]
    rest = client.get(f"{url}/pages", params={"after": pages["next"]}).json()
    assert ([page["number"] for page in rest["data"]], rest["next"]) == ([3], None)
    page = client.get(f"{url}/pages/2", params={"include": "words"}).json()
    assert set(page) == {"number", "width", "height", "text", "tables", "text_layer", "words"}
    assert set(page["words"][0]) == {"text", "x0", "top", "x1", "bottom"}
    assert page["text_layer"] == "full"
    with_words = client.get(f"{url}/pages", params={"include": "words", "after": 1}).json()["data"]
    assert with_words[0] == page


def test_before_the_end_answers_say_that_they_are_not_complete(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    url = f"/documents/{document['id']}"
    assert client.get(f"{url}/text").headers["X-Sheaf-Complete"] == "false"
    assert client.get(f"{url}/tables").json() == {"data": []}
    assert client.get(f"{url}/pages").json() == {"data": [], "next": 0}
    assert client.get(f"{url}/pages/1").json()["code"] == "page_not_ready"
    assert client.get(url).headers["Retry-After"] == "1"


def test_a_page_that_is_not_there_is_no_such_page(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), text_pdf(3), pages="1-2")
    bench.run_all()
    codes = [client.get(f"/documents/{document['id']}/pages/{n}").json().get("code") for n in (2, 3, 4)]
    assert codes == [None, "no_such_page", "no_such_page"]


def test_a_known_document_answers_304(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    for url in (f"/documents/{document['id']}", "/documents", f"/jobs/{document['job']['id']}", "/jobs"):
        etag = client.get(url).headers["ETag"]
        assert not etag.startswith("W/")
        assert client.get(url, headers={"If-None-Match": etag}).status_code == 304


def test_documents_are_listed_newest_first_and_filtered(client: TestClient, bench: Bench) -> None:
    old = uploaded(sign_in(client), text_pdf(1))
    bench.run_all()
    new = uploaded(client, text_pdf(2))
    listed = client.get("/documents").json()
    assert [card["id"] for card in listed["data"]] == [new["id"], old["id"]]
    assert (listed["page"], listed["limit"], listed["total"], listed["next"]) == (1, 20, 2, None)
    succeeded = client.get("/documents", params={"status": "succeeded"}).json()
    assert [card["id"] for card in succeeded["data"]] == [old["id"]]
    assert client.get("/documents", params={"q": "100%"}).json()["total"] == 0
    assert client.get("/documents", params={"q": "REPORT"}).json()["total"] == 2


def test_a_cursor_walks_the_list(client: TestClient) -> None:
    sign_in(client)
    ids = [uploaded(client, text_pdf(n))["id"] for n in range(1, 6)]
    walked: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        body = client.get("/documents", params=params).json()
        walked += [card["id"] for card in body["data"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert walked == ids[::-1]


@pytest.mark.parametrize("params", [{"limit": 101}, {"limit": 0}, {"page": 0}, {"cursor": "!"}, {"status": "lost"}])
def test_a_list_out_of_range_is_refused(client: TestClient, params: dict[str, str]) -> None:
    assert sign_in(client).get("/documents", params=params).status_code == 422


def test_the_original_comes_back_whole_or_in_part(client: TestClient) -> None:
    content = text_pdf()
    document = uploaded(sign_in(client), content)
    url = f"/documents/{document['id']}/file"
    whole = client.get(url)
    assert whole.content == content
    assert whole.headers["content-disposition"] == "attachment; filename*=UTF-8''report.pdf"
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = client.get(url, headers={"Range": "bytes=1-4"})
    assert (part.status_code, part.content) == (206, content[1:5])
    assert part.headers["content-range"] == f"bytes 1-4/{len(content)}"
    assert client.get(url, headers={"Range": f"bytes={len(content)}-"}).status_code == 416
    assert client.get(url, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("rest", ["", "/pages", "/pages/1", "/text", "/tables", "/file"])
def test_another_users_document_is_not_found(client: TestClient, rest: str) -> None:
    document = uploaded(sign_in(client), text_pdf())
    sign_in(client, "eve@example.org")
    answer = client.get(f"/documents/{document['id']}{rest}")
    assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")


def test_another_users_job_is_not_found(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    sign_in(client, "eve@example.org")
    assert client.get(f"/jobs/{document['job']['id']}").status_code == 404
    assert client.get("/jobs").json()["total"] == 0


def test_a_password_is_sealed_at_rest_and_shown_nowhere(client: TestClient, database: Database) -> None:
    document = uploaded(sign_in(client), text_pdf(), password="open sesame")
    assert "sesame" not in str(client.get(f"/documents/{document['id']}").json())
    with database.unit_of_work() as session:
        rows = session.connection().exec_driver_sql("SELECT d::text || j::text FROM documents d, jobs j").scalars()
        assert "sesame" not in "".join(rows)


def test_a_file_that_was_lost_comes_back_with_the_next_upload(client: TestClient, bench: Bench) -> None:
    content = text_pdf()
    uploaded(sign_in(client), content)
    with bench.database.unit_of_work() as session:
        session.connection().exec_driver_sql("UPDATE documents SET blob_key = 'ab/gone'")
    bench.run_all()
    again = uploaded(client, content)
    bench.run_all()
    assert client.get(f"/documents/{again['id']}").json()["status"] == "succeeded"
    assert client.get(f"/documents/{again['id']}/file").content == content


def test_a_new_job_for_a_known_document_changes_its_rev(client: TestClient, bench: Bench) -> None:
    content = b"%PDF-1.7 nothing more"
    document = uploaded(sign_in(client), content)
    bench.run_all()
    failed = client.get(f"/documents/{document['id']}").json()
    again = uploaded(client, content)
    assert (failed["status"], again["status"]) == ("failed", "queued")
    assert again["rev"] > failed["rev"]


def test_a_lost_original_is_not_found_instead_of_cut_off(client: TestClient, tmp_path: Path) -> None:
    document = uploaded(sign_in(client), text_pdf())
    for blob in blobs_below(tmp_path):
        blob.unlink()
    answer = client.get(f"/documents/{document['id']}/file")
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")


def test_a_list_of_pages_that_were_never_read_ends(client: TestClient, bench: Bench) -> None:
    document = uploaded(sign_in(client), b"%PDF-1.7 nothing more")
    bench.run_all()
    with bench.database.unit_of_work() as session:
        session.connection().exec_driver_sql("UPDATE documents SET page_count = 3")
    assert client.get(f"/documents/{document['id']}/pages").json() == {"data": [], "next": None}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/documents", {"q": "a\x00b"}),
        ("/users", {"q": "a\x00b"}),
        ("/jobs", {"kind": "\x00"}),
        ("/users", {"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"}),
        ("/documents/{id}/pages/99999999999999999999", {}),
        ("/documents/{id}/pages", {"after": "99999999999999999999"}),
    ],
)
def test_odd_values_are_refused_and_no_defect(client: TestClient, path: str, params: dict[str, str]) -> None:
    document = uploaded(sign_in(client), text_pdf())
    assert client.get(path.format(id=document["id"]), params=params).status_code in (400, 422)


def test_a_range_of_absurd_length_is_ignored(client: TestClient) -> None:
    document = uploaded(sign_in(client), text_pdf())
    answer = client.get(f"/documents/{document['id']}/file", headers={"Range": "bytes=0-" + "9" * 5000})
    assert answer.status_code == 200

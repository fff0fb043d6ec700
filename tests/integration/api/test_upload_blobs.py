"""What an upload leaves in the blob store: one blob for one document, and a row for every other one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import select

from api.documents.schemas import ExtractionOptions
from api.documents.service import accept_upload
from api.documents.upload import Stored
from shared.database import Database
from shared.models import User
from shared.unowned import erase_due, expect
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, upload, uploaded

MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


def unowned(database: Database) -> list[str]:
    with database.unit_of_work() as session:
        return list(session.execute(text("SELECT key FROM unowned_blobs")).scalars())


def owned(database: Database) -> list[str]:
    with database.unit_of_work() as session:
        return list(session.execute(text("SELECT blob_key FROM documents")).scalars())


def stored(folder: Path) -> list[str]:
    blobs = folder / "blobs"
    return [str(path.relative_to(blobs)) for path in blobs.rglob("*") if path.is_file()]


def test_a_blob_is_announced_before_its_first_byte(client: TestClient, database: Database) -> None:
    seen: list[int] = []

    def body() -> Iterator[bytes]:
        seen.append(len(unowned(database)))
        yield b"--b\r\nContent-Disposition: form-data; name=file; filename=x\r\n\r\n%PDF-1.7\r\n--b--\r\n"

    answer = sign_in(client).post("/documents", content=body(), headers=MULTIPART)
    assert (answer.status_code, seen) == (202, [1])


def test_an_accepted_blob_is_owned(client: TestClient, database: Database, tmp_path: Path) -> None:
    uploaded(sign_in(client), text_pdf())
    assert unowned(database) == []
    assert stored(tmp_path) == owned(database)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"%PDF-1.7" + b"x" * (3 * 2**20)])
def test_a_refused_upload_leaves_no_row(client: TestClient, database: Database, content: bytes) -> None:
    assert upload(sign_in(client), content).status_code in (400, 413)
    assert unowned(database) == []


def test_the_blob_of_a_duplicate_is_erased_with_its_row(client: TestClient, database: Database, tmp_path: Path) -> None:
    uploaded(sign_in(client), text_pdf())
    assert upload(client, text_pdf()).status_code == 200
    assert unowned(database) == []
    assert stored(tmp_path) == owned(database)


def test_the_blob_of_a_duplicate_is_due_from_the_moment_that_this_is_known(
    client: TestClient, database: Database
) -> None:
    document = uploaded(sign_in(client), text_pdf())
    resources = client.app.state.resources  # type: ignore[attr-defined]  # An ASGI application in general has none.
    stored = Stored("ab/x", "x.pdf", document["size"], document["sha256"], ExtractionOptions())
    with database.unit_of_work() as session:
        expect(session, "ab/x")
        assert accept_upload(session, resources, session.exec(select(User)).one(), stored).duplicate
    assert erase_due(database, resources.blobs) == 1


def test_a_replaced_blob_is_erased_with_its_row(
    client: TestClient, bench: Bench, database: Database, tmp_path: Path
) -> None:
    uploaded(sign_in(client), b"%PDF-1.7 nothing more")
    former = owned(database)
    bench.run_all()
    uploaded(client, b"%PDF-1.7 nothing more")
    assert unowned(database) == []
    assert stored(tmp_path) == owned(database) != former


def test_a_blob_that_the_store_keeps_is_left_to_the_eraser(
    client: TestClient, database: Database, bench: Bench, tmp_path: Path
) -> None:
    uploaded(sign_in(client), b"%PDF-1.7 nothing more")
    bench.run_all()
    former = owned(database)[0]
    (tmp_path / "blobs" / former).unlink()
    (tmp_path / "blobs" / former).mkdir()  # A folder is no file to delete.
    assert upload(client, b"%PDF-1.7 nothing more").status_code == 202
    assert unowned(database) == [former]


def test_an_upload_whose_blob_was_erased_is_asked_for_again(client: TestClient, database: Database) -> None:
    def body() -> Iterator[bytes]:
        with database.unit_of_work() as session:
            session.execute(text("DELETE FROM unowned_blobs"))
        yield b"--b\r\nContent-Disposition: form-data; name=file; filename=x\r\n\r\n%PDF-1.7\r\n--b--\r\n"

    answer = sign_in(client).post("/documents", content=body(), headers=MULTIPART)
    assert (answer.status_code, answer.json()["code"]) == (503, "upload_expired")
    assert answer.json()["detail"] == "The upload took too long; upload it again."
    assert client.get("/documents").json()["total"] == 0

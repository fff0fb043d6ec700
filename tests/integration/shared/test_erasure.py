"""What an installation lets go of in time: old documents with all their bytes, and what is known of old attempts."""

from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import select

from shared import erasure, renditions, unowned
from shared.database import Database
from shared.models import Attempt, Document
from shared.settings import Settings
from shared.storage import BlobStore
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded


def age(database: Database, *, days: int) -> None:
    with database.unit_of_work() as session:
        session.execute(text("UPDATE jobs SET finished_at = now() - make_interval(days => :days)"), {"days": days})


def test_old_documents_are_erased_with_their_bytes(
    client: TestClient, bench: Bench, database: Database, settings: Settings
) -> None:
    uploaded(sign_in(client), text_pdf(2))
    bench.run_all()
    age(database, days=8)
    assert erasure.erase_old_documents(database, days=7) == 1
    assert unowned.erase_due(database, BlobStore(settings.storage)) == 1
    with database.unit_of_work() as session:
        assert session.exec(select(Document)).all() == []
    assert [path for path in (settings.sheaf_data / "blobs").rglob("*") if path.is_file()] == []


def test_younger_documents_and_open_jobs_stay(client: TestClient, bench: Bench, database: Database) -> None:
    uploaded(sign_in(client), text_pdf(2))
    bench.run_all()
    age(database, days=6)
    uploaded(client, text_pdf(3))
    assert erasure.erase_old_documents(database, days=7) == 0


def test_old_attempts_are_forgotten_and_the_job_stays(client: TestClient, bench: Bench, database: Database) -> None:
    document = uploaded(sign_in(client), text_pdf(2))
    bench.run_all()
    age(database, days=31)
    with database.unit_of_work() as session:
        assert erasure.forget_attempts(session, days=32) == 0
        assert erasure.forget_attempts(session, days=30) == 1
        assert session.exec(select(Attempt)).all() == []
    assert client.get(f"/jobs/{document['job']['id']}").json()["state"] == "succeeded"


def test_jobs_that_made_pictures_are_forgotten_and_the_pictures_stay(
    client: TestClient, bench: Bench, database: Database
) -> None:
    document = uploaded(sign_in(client), text_pdf())
    url = f"/documents/{document['id']}/pages/1/image?width=50"
    with bench.working():
        drawn = client.get(url).content
    age(database, days=7)
    with database.unit_of_work() as session:
        assert renditions.forget_old_jobs(session, days=8) == 0
        assert renditions.forget_old_jobs(session, days=7) == 1
    assert [job["kind"] for job in client.get("/jobs").json()["data"]] == ["extraction"]
    assert client.get(url).content == drawn

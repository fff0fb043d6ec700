"""A worker whose documents are in a bucket: it reads them, draws them, and keeps a bounded local copy meanwhile."""

from io import BytesIO
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlmodel import select

from shared.audit import audit_blobs
from shared.database import Database
from shared.models import Document
from shared.settings import Settings
from shared.storage import BlobStore
from tests.pdf_files import text_pdf
from tests.s3 import Bucket
from tests.work import Bench, sign_in, uploaded

pytestmark = pytest.mark.processes


@pytest.fixture
def settings(settings: Settings, bucket: Bucket) -> Settings:
    return settings.model_copy(update={"storage_url": f"{bucket.url}/{uuid4()}", "blob_cache_mb": 16})


def test_a_document_in_a_bucket_is_read_and_drawn_from_one_fetched_copy(
    client: TestClient, bench: Bench, settings: Settings
) -> None:
    document = uploaded(sign_in(client), text_pdf(20))
    bench.run_all()
    assert client.get(f"/documents/{document['id']}").json()["status"] == "succeeded"
    assert client.get(f"/documents/{document['id']}/text").text.count("\f") == 19
    with bench.working():
        picture = client.get(f"/documents/{document['id']}/pages/20/image?width=100")
    assert Image.open(BytesIO(picture.content)).size[0] == 100
    (copy,) = (settings.sheaf_data / "cache").glob("*.*")
    assert copy.stat().st_size == document["size"]
    assert client.get(f"/documents/{document['id']}/file").content == copy.read_bytes()


def test_deleting_a_document_empties_the_bucket(
    client: TestClient, bench: Bench, settings: Settings, database: Database
) -> None:
    document = uploaded(sign_in(client), text_pdf())
    with bench.working():
        client.get(f"/documents/{document['id']}/pages/1/image")
    blobs = BlobStore(settings.storage)
    assert len(list(blobs.sizes())) == 2
    assert all(found.holds for found in audit_blobs(database, blobs))
    assert client.delete(f"/documents/{document['id']}").status_code == 204
    assert list(blobs.sizes()) == []


def test_a_file_that_the_bucket_lost_fails_its_job(client: TestClient, bench: Bench, settings: Settings) -> None:
    document = uploaded(sign_in(client), text_pdf())
    with bench.database.unit_of_work() as session:
        key = session.exec(select(Document.blob_key)).one()
    BlobStore(settings.storage).delete(key)
    bench.run_all()
    assert client.get(f"/documents/{document['id']}").json()["job"]["error"]["code"] == "file_missing"

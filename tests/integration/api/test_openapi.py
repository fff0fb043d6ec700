"""The API's document: valid as OpenAPI 3.1, and enough for a generator to write a client that works."""

import importlib
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.settings import Settings
from tests.live import serving
from tests.pdf_files import text_pdf
from tests.work import PASSWORD

GENERATOR = shutil.which("openapi-python-client")
METHODS = ("get", "post", "put", "patch", "delete")


def test_the_document_is_valid(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@pytest.mark.processes
@pytest.mark.timeout(120)
@pytest.mark.skipif(GENERATOR is None, reason="there is no openapi-python-client: pipx install openapi-python-client")
def test_a_generated_client_has_all_operations_and_works(
    client: TestClient, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = client.get("/openapi.json").json()
    generate(document, tmp_path)
    written = {path.stem.replace("_", "") for path in (tmp_path / "generated" / "api").glob("*/[!_]*.py")}
    assert written == {operation.lower() for operation in operations(document)}
    monkeypatch.syspath_prepend(tmp_path)
    with serving(settings) as address:
        given = register(address)
        card = upload(address, given["access_token"])
    assert (given["user"]["email"], card["filename"]) == ("ada@example.org", "report.pdf")


def operations(document: dict[str, Any]) -> set[str]:
    return {path[method]["operationId"] for path in document["paths"].values() for method in METHODS if method in path}


def generate(document: dict[str, Any], folder: Path) -> None:
    """Write the package `generated` into a folder; nothing is formatted afterwards."""
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "generator.json").write_text(json.dumps({"post_hooks": []}))
    command = [GENERATOR or "", "generate", "--meta", "none"]
    files = ["--path", "openapi.json", "--config", "generator.json", "--output-path", "generated"]
    subprocess.run([*command, *files], cwd=folder, check=True, capture_output=True, timeout=100)


def register(address: str) -> dict[str, Any]:
    """Make an account by the generated client."""
    body = generated("models").Register(email="ada@example.org", password=PASSWORD, name="Ada")
    with generated("client").Client(base_url=address) as client:
        return dict(generated("api.accounts.register").sync(client=client, body=body).to_dict())


def upload(address: str, token: str) -> dict[str, Any]:
    """Upload a PDF by the generated client, and look at it."""
    file = generated("types").File(payload=io.BytesIO(text_pdf()), file_name="report.pdf", mime_type="application/pdf")
    body = generated("models").UploadPdfBody(file=file)
    with generated("client").AuthenticatedClient(base_url=address, token=token) as client:
        card = generated("api.documents.upload_pdf").sync(client=client, body=body).to_dict()
        return dict(generated("api.documents.get_document").sync(card["id"], client=client).to_dict())


def generated(name: str) -> Any:
    return importlib.import_module(f"generated.{name}")

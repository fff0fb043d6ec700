"""Lists of documents that are narrowed: by the bytes of the file, and by how it was to be read."""

import hashlib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.pdf_files import text_pdf
from tests.work import sign_in, uploaded

PDF = text_pdf()
SHA256 = hashlib.sha256(PDF).hexdigest()


@pytest.fixture
def documents(client: TestClient) -> dict[str, Any]:
    """Three readings of the same file, and another file."""
    sign_in(client)
    return {
        "whole": uploaded(client, PDF)["id"],
        "some": uploaded(client, PDF, pages="1-2, 9")["id"],
        "auto": uploaded(client, PDF, tables="auto")["id"],
        "other": uploaded(client, text_pdf(2))["id"],
    }


def found(client: TestClient, **sought: str) -> set[str]:
    return {document["id"] for document in client.get("/documents", params=sought).json()["data"]}


def test_a_file_is_found_by_its_bytes(client: TestClient, documents: dict[str, Any]) -> None:
    assert found(client, sha256=SHA256) == {documents[name] for name in ("whole", "some", "auto")}
    assert found(client, sha256=SHA256.upper(), pages="all", tables="default") == {documents["whole"]}


def test_documents_are_found_by_how_they_were_to_be_read(client: TestClient, documents: dict[str, Any]) -> None:
    assert found(client, tables="auto") == {documents["auto"]}
    assert found(client, pages="9,1-2") == {documents["some"]}


def test_nobody_finds_the_file_of_somebody_else(client: TestClient, documents: dict[str, Any]) -> None:
    assert found(sign_in(client, "eve@example.org"), sha256=SHA256) == set()
    assert documents


@pytest.mark.parametrize("wrong", [{"sha256": "abc"}, {"pages": "9-1"}, {"tables": "many"}])
def test_what_cannot_be_sought_is_refused(client: TestClient, wrong: dict[str, str]) -> None:
    assert sign_in(client).get("/documents", params=wrong).status_code == 422

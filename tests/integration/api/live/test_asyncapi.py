"""The description of the live connection: valid, and its examples are taken by a real server."""

from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from api.live.asyncapi import CLOSE_CODES, describe
from api.live.frames import FROM_CLIENTS, TO_CLIENTS, Frame
from tests.live import Person
from tests.pdf_files import text_pdf

TYPES = {"asyncapi": str, "info": dict, "channels": dict, "operations": dict, "components": dict}


def resolve(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in references(value)]
    return [found for value in node for found in references(value)] if isinstance(node, list) else []


def test_the_document_has_what_asyncapi_asks_for() -> None:
    document = describe()
    assert document["asyncapi"] == "3.1.0"
    for name, kind in TYPES.items():
        assert isinstance(document[name], kind)
    for reference in references(document):
        assert resolve(document, reference)
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")


@pytest.mark.parametrize("frame", [*FROM_CLIENTS, *TO_CLIENTS], ids=lambda frame: frame.__name__)
def test_every_example_is_valid(frame: type[Frame]) -> None:
    frame.model_validate(frame.example)
    document = describe()
    schema = {**document["components"]["schemas"][frame.__name__], "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(frame.example)


def test_it_is_served_beside_a_page_for_people(client: TestClient) -> None:
    assert client.get("/asyncapi.json").json() == describe()
    page = client.get("/docs/live")
    assert page.headers["content-type"].startswith("text/html")
    assert all(str(code) in page.text for code in CLOSE_CODES)
    assert "src=" not in page.text


@pytest.mark.timeout(30)
def test_a_real_server_takes_every_example(ada: Person, bob: Person) -> None:
    """What examples name is made real: two people, a document, a message and a token."""
    document = ada.http.post("/documents", files={"file": ("x.pdf", text_pdf())}).json()
    real = {
        "token": ada.token,
        "recipient_id": bob.id,
        "peer_id": bob.id,
        "document_id": document["id"],
        "after": 0,
        "event": 1,
        "upto": bob.send(ada, "hi")["id"],
    }
    answers = {"hello": "welcome", "send": "ack", "read": "read"}
    with ada.live() as a:
        for frame in FROM_CLIENTS:
            a.say({name: real.get(name, value) for name, value in frame.example.items()})
            if frame.example["type"] in answers:
                a.hear(answers[frame.example["type"]])
        assert a.hear("pong", "error")["type"] == "pong"

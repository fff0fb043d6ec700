"""Messages over HTTP: sending, lists, conversations, reading, and what sharing a document grants."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from shared.database import Database
from shared.settings import Settings
from tests.pdf_files import text_pdf
from tests.work import Bench, sign_in, uploaded


class Two:
    """Two people who write through the same API."""

    def __init__(self, client: TestClient, other: TestClient) -> None:
        """Sign both in."""
        self.ada, self.bob = sign_in(client), sign_in(other, "bob@example.org")
        self.ada_id, self.bob_id = (c.get("/users/me").json()["id"] for c in (self.ada, self.bob))

    def write(self, content: str = "hi", **more: Any) -> dict[str, Any]:
        answer = self.ada.post("/messages", json={"recipient_id": self.bob_id, "content": content, **more})
        assert answer.status_code == 201, answer.text
        message: dict[str, Any] = answer.json()
        return message


@pytest.fixture
def two(client: TestClient, settings: Settings) -> Two:
    assert settings
    return Two(client, TestClient(client.app, raise_server_exceptions=False))


def test_a_message_is_sent_by_who_is_signed_in(two: Two) -> None:
    message = two.write("hello", sender_id=two.bob_id)
    assert (message["sender_id"], message["recipient_id"], message["content"]) == (two.ada_id, two.bob_id, "hello")
    for client in (two.ada, two.bob):
        assert client.get("/messages").json()["data"] == [message]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"recipient_id": 99999, "content": "hi"}, 404, "recipient_not_found"),
        ({"recipient_id": 2**31, "content": "hi"}, 422, "validation_error"),
        ({"recipient_id": 2, "content": ""}, 422, "validation_error"),
        ({"recipient_id": 2, "content": "   "}, 422, "validation_error"),
        ({"recipient_id": 2, "content": "x" * 8001}, 422, "validation_error"),
        ({"recipient_id": 2, "content": "\0"}, 422, "validation_error"),
        ({"recipient_id": 2, "content": "hi", "document_id": str(uuid4())}, 404, "document_not_found"),
        ({"content": "hi"}, 422, "validation_error"),
    ],
)
def test_what_cannot_be_sent_is_refused(two: Two, body: dict[str, Any], status: int, code: str) -> None:
    if body.get("recipient_id") == 2:
        body = {**body, "recipient_id": two.bob_id}
    answer = two.ada.post("/messages", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert two.bob.get("/messages").json()["total"] == 0


def test_the_same_client_id_is_the_same_message(two: Two) -> None:
    body = {"recipient_id": two.bob_id, "content": "once", "client_id": str(uuid4())}
    first, again = two.ada.post("/messages", json=body), two.ada.post("/messages", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = two.ada.post("/messages", json={**body, "content": "twice"})
    assert (other.status_code, other.json()["code"]) == (409, "client_id_reused")
    assert two.bob.post("/messages", json={**body, "recipient_id": two.ada_id}).status_code == 201


def test_an_idempotency_key_repeats_the_answer(two: Two) -> None:
    headers = {"Idempotency-Key": "k"}
    body = {"recipient_id": two.bob_id, "content": "once"}
    first, again = (two.ada.post("/messages", json=body, headers=headers) for _ in range(2))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"


def test_lists_are_newest_first_and_can_be_walked(two: Two) -> None:
    ids = [two.write(str(number))["id"] for number in range(5)]
    assert ids == sorted(ids)
    page = two.bob.get("/messages", params={"with": two.ada_id, "limit": 2}).json()
    assert ([m["id"] for m in page["data"]], page["total"]) == (ids[:2:-1], 5)
    rest = two.bob.get("/messages", params={"limit": 2, "cursor": page["next"]}).json()
    assert [m["id"] for m in rest["data"]] == ids[2:0:-1]
    between = two.bob.get("/messages", params={"after": ids[0], "before": ids[3]}).json()
    assert [m["id"] for m in between["data"]] == ids[2:0:-1]


def test_strangers_see_nothing(two: Two, client: TestClient) -> None:
    two.write()
    eve = sign_in(TestClient(client.app), "eve@example.org")
    assert eve.get("/messages").json()["total"] == 0
    assert eve.get("/messages", params={"with": two.ada_id}).json()["total"] == 0
    assert eve.get("/conversations").json()["data"] == []
    assert eve.put(f"/conversations/{two.ada_id}/read", json={"upto": 1}).status_code == 404


def test_conversations_say_what_is_unread_until_it_is_read(two: Two) -> None:
    for number in range(3):
        last = two.write(str(number))
    (conversation,) = two.bob.get("/conversations").json()["data"]
    assert (conversation["user"]["id"], conversation["last_message"], conversation["unread"]) == (two.ada_id, last, 3)
    assert two.ada.get("/conversations").json()["data"][0]["unread"] == 0
    assert two.bob.put(f"/conversations/{two.ada_id}/read", json={"upto": last["id"] - 1}).status_code == 204
    assert two.bob.get("/conversations").json()["data"][0]["unread"] == 1
    assert two.bob.put(f"/conversations/{two.ada_id}/read", json={"upto": last["id"]}).status_code == 204
    events = two.ada.get("/events").json()["events"]
    assert [(e["type"], e.get("upto")) for e in events][3:] == [("read", last["id"] - 1), ("read", last["id"])]
    assert two.ada.get("/messages").json()["data"][0]["read_at"]


def test_marking_again_what_was_read_tells_nobody(two: Two) -> None:
    message = two.write()
    for _ in range(2):
        two.bob.put(f"/conversations/{two.ada_id}/read", json={"upto": message["id"]})
    assert len(two.ada.get("/events").json()["events"]) == 2


def test_a_note_to_oneself_is_read_at_once(two: Two) -> None:
    answer = two.ada.post("/messages", json={"recipient_id": two.ada_id, "content": "do not forget"})
    assert answer.json()["read_at"]
    assert two.ada.get("/conversations").json()["data"][0]["unread"] == 0
    assert len(two.ada.get("/events").json()["events"]) == 1


def test_a_document_that_is_sent_can_be_read_and_nothing_else(two: Two, bench: Bench) -> None:
    document = uploaded(two.ada, text_pdf(2))
    bench.run_all()
    address = f"/documents/{document['id']}"
    assert two.bob.get(address).status_code == 404
    two.write("look", document_id=document["id"])
    for path in ("", "/pages", "/pages/1", "/text", "/tables", "/file"):
        assert two.bob.get(address + path).status_code == 200, path
    assert two.bob.patch(address, json={"filename": "mine.pdf"}).status_code == 404
    assert two.bob.post(f"{address}/jobs", json={}).status_code == 404
    assert two.bob.delete(address).status_code == 404
    assert two.bob.get(f"{address}/shares").status_code == 404
    assert two.bob.get("/documents").json()["total"] == 0


def test_a_reader_is_told_whose_document_it_is(two: Two) -> None:
    document = uploaded(two.ada, text_pdf())
    two.write("look", document_id=document["id"])
    address = f"/documents/{document['id']}"
    assert two.bob.get(address).json()["shared_by"]["id"] == two.ada_id
    assert "shared_by" not in two.ada.get(address).json()


def test_the_owner_sees_and_ends_access(two: Two) -> None:
    document = uploaded(two.ada, text_pdf())
    two.write("look", document_id=document["id"])
    address = f"/documents/{document['id']}"
    assert [share["user"]["id"] for share in two.ada.get(f"{address}/shares").json()["data"]] == [two.bob_id]
    assert two.ada.delete(f"{address}/shares/{two.bob_id}").status_code == 204
    assert two.bob.get(address).status_code == 404
    assert two.ada.delete(f"{address}/shares/{two.bob_id}").json()["code"] == "share_not_found"


def test_a_reader_can_give_up_access_but_not_pass_it_on(two: Two, client: TestClient) -> None:
    document = uploaded(two.ada, text_pdf())
    two.write("look", document_id=document["id"])
    eve = sign_in(TestClient(client.app), "eve@example.org")
    eve_id = eve.get("/users/me").json()["id"]
    passed_on = {"content": "psst", "document_id": document["id"]}
    answer = two.bob.post("/messages", json={"recipient_id": eve_id, **passed_on})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_yours_to_share")
    assert two.bob.post("/messages", json={"recipient_id": two.ada_id, **passed_on}).status_code == 201
    assert eve.delete(f"/documents/{document['id']}/shares/{two.bob_id}").status_code == 404
    assert two.bob.delete(f"/documents/{document['id']}/shares/{two.bob_id}").status_code == 204
    assert two.bob.get(f"/documents/{document['id']}").status_code == 404


def test_deleting_a_document_leaves_the_messages_about_it(two: Two) -> None:
    document = uploaded(two.ada, text_pdf())
    two.write("look", document_id=document["id"])
    assert two.ada.delete(f"/documents/{document['id']}").status_code == 204
    assert two.bob.get("/messages").json()["data"][0]["document_id"] == document["id"]


def test_a_conversation_can_be_looked_at_before_it_begins(two: Two) -> None:
    path = f"/conversations/{two.bob_id}"
    before = two.ada.get(path).json()
    assert (before["user"]["id"], before["last_message"], before["presence"]) == (two.bob_id, None, None)
    message = two.write()
    assert two.ada.get(path).json() == two.ada.get("/conversations").json()["data"][0]
    assert two.ada.get(path).json()["last_message"] == message
    assert two.ada.get("/conversations/99999").json()["code"] == "recipient_not_found"


def test_a_conversation_says_who_is_there_and_who_cannot_be_written_to(two: Two, database: Database) -> None:
    two.write()
    with database.unit_of_work() as session:
        attend = "INSERT INTO presences VALUES (gen_random_uuid(), gen_random_uuid(), :bob, false, now())"
        session.execute(text(attend), {"bob": two.bob_id})
        session.execute(text("UPDATE users SET is_active = false WHERE id = :bob"), {"bob": two.bob_id})
    (found,) = two.ada.get("/conversations").json()["data"]
    assert (found["presence"], found["active"]) == ("away", False)

"""The WebSocket: welcome, messages with receipts, resuming, presence, and refusals with their codes."""

import json
import time
from contextlib import ExitStack
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import update
from sqlmodel import select

import api.live.socket
from shared.clock import now
from shared.database import Database
from shared.models import Presence, User, UserSession
from shared.news import News, write_news
from tests.live import PATIENCE_S, Person, Talk
from tests.pdf_files import text_pdf

pytestmark = pytest.mark.timeout(30)


def hello(person: Person, **fields: object) -> Talk:
    talk = person.live(headers={})
    talk.say({"type": "hello", "token": person.token, **fields})
    return talk


def test_a_header_or_a_hello_opens_it(ada: Person) -> None:
    with ada.live() as by_header, hello(ada) as by_hello, ada.live(f"/ws/{ada.id}") as by_path:
        for talk in (by_header, by_hello, by_path):
            welcome = talk.frame()
            assert (welcome["type"], welcome["user_id"], welcome["resumed"]) == ("welcome", ada.id, False)


def test_a_message_is_acknowledged_and_reaches_both(ada: Person, bob: Person) -> None:
    with ada.live() as a, bob.live() as b, ada.live() as other_tab:
        for talk in (a, b, other_tab):
            talk.hear("welcome")
        client_id = str(uuid4())
        a.say(type="send", recipient_id=bob.id, content="See page 3.", client_id=client_id)
        ack = a.hear("ack")
        assert (ack["client_id"], ack["duplicate"]) == (client_id, False)
        for talk in (a, b, other_tab):
            message = talk.hear("message")["message"]
            assert (message["id"], message["content"]) == (ack["message_id"], "See page 3.")


def test_the_bare_frame_of_old_clients_is_a_message(ada: Person, bob: Person) -> None:
    with ada.live() as a:
        a.say({"recipient_id": bob.id, "content": "hello"})
        assert a.hear("ack")["client_id"] is None
    assert bob.http.get("/messages").json()["data"][0]["content"] == "hello"


def test_a_repeated_send_is_stored_once(ada: Person, bob: Person) -> None:
    frame = {"type": "send", "recipient_id": bob.id, "content": "once", "client_id": str(uuid4())}
    with ada.live() as a:
        a.say(frame)
        first = a.hear("ack")
    with ada.live() as a:
        a.say(frame)
        again = a.hear("ack")
    assert (again["message_id"], again["duplicate"]) == (first["message_id"], True)
    assert bob.http.get("/messages").json()["total"] == 1
    assert [event["event"] for event in bob.news()] == [1]


def test_receipts_tell_the_sender_what_arrived_and_what_was_read(ada: Person, bob: Person) -> None:
    with ada.live() as a, bob.live() as b:
        a.say(type="send", recipient_id=bob.id, content="hi")
        heard = b.hear("message")
        b.say(type="got", event=heard["event"])
        delivered = a.hear("delivered")
        assert (delivered["peer_id"], delivered["upto"]) == (bob.id, heard["message"]["id"])
        b.say(type="read", peer_id=ada.id, upto=heard["message"]["id"])
        assert a.hear("read")["by"] == "peer"
        assert b.hear("read")["by"] == "me"
    message = ada.http.get("/messages").json()["data"][0]
    assert message["delivered_at"]
    assert message["read_at"]


def test_after_an_event_everything_since_comes_in_order(ada: Person, bob: Person) -> None:
    for number in range(250):
        ada.send(bob, str(number))
    with hello(bob, after=3) as b:
        assert b.hear("welcome")["resumed"] is True
        heard = [b.hear("message") for _ in range(247)]
    assert [frame["event"] for frame in heard] == list(range(4, 251))
    assert [frame["message"]["content"] for frame in heard] == [str(n) for n in range(3, 250)]
    assert ada.http.get("/messages", params={"before": 4}).json()["data"][0]["delivered_at"]


def test_one_who_is_known_already_names_the_event_in_the_address_or_by_hello(ada: Person, bob: Person) -> None:
    ada.send(bob, "while you were away")
    with bob.live(after=0) as by_address, bob.live() as by_hello:
        assert by_hello.hear("welcome")["resumed"] is False
        by_hello.say(type="hello", after=0)
        for talk in (by_address, by_hello):
            assert talk.hear("welcome")["resumed"] is True
            assert talk.hear("message")["event"] == 1


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30, "²"])
def test_an_event_in_the_address_that_is_no_number_is_refused(ada: Person, after: str) -> None:
    with ada.live(f"/ws?after={quote(after)}") as talk:
        assert talk.closed() == 4500


def test_what_is_not_kept_any_more_is_a_gap(ada: Person, bob: Person, database: Database) -> None:
    for _ in range(3):
        ada.send(bob, "old")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM events WHERE number < 3")
    with hello(bob, after=1) as b:
        assert b.hear("welcome")["resumed"] is False
        assert b.frame() == {"type": "gap", "event": 2}
        assert b.hear("message")["event"] == 3


def test_typing_reaches_only_who_shares_a_conversation(ada: Person, bob: Person, address: str) -> None:
    ada.send(bob, "hi")
    with Person(address, "eve") as eve, ada.live() as a, bob.live() as b, eve.live() as e:
        b.hear("welcome")
        e.say(type="typing", peer_id=bob.id)
        e.say(type="ping", t=1)
        e.hear("pong")
        a.say(type="typing", peer_id=bob.id)
        assert b.hear("typing")["peer_id"] == ada.id


def test_presence_is_told_to_those_who_write_with_each_other(ada: Person, bob: Person) -> None:
    ada.send(bob, "hi")
    with ada.live() as a:
        a.hear("welcome")
        with bob.live() as b:
            assert b.hear("presence")["user_id"] == ada.id
            assert a.hear("presence")["state"] == "online"
            b.say(type="active", active=False)
            assert a.hear("presence")["state"] == "away"
        assert a.hear("presence")["state"] == "offline"


def test_a_shared_document_comes_with_the_news_of_its_jobs(ada: Person, bob: Person) -> None:
    with ada.live() as a, bob.live() as b:
        document = ada.http.post("/documents", files={"file": ("x.pdf", text_pdf())}).json()
        assert a.hear("job")["state"] == "queued"
        a.say(type="send", recipient_id=bob.id, content="read this", document_id=document["id"])
        assert b.hear("message")["message"]["document_id"] == document["id"]
        assert bob.http.get(f"/documents/{document['id']}").status_code == 200
        ada.http.post(f"/jobs/{document['job']['id']}/cancel")
        for talk in (a, b):
            job = talk.hear("job")
            assert (job["state"], job["document_id"]) == ("canceled", document["id"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_frame"),
        ("[]", "bad_frame"),
        ('{"type": "shout"}', "bad_frame"),
        ('{"type": "got", "event": 1, "more": 2}', "bad_frame"),
        (json.dumps({"type": "send", "recipient_id": 1, "content": "x" * 8001}), "too_long"),
        ('{"type": "send", "recipient_id": 1, "content": "\\u0000"}', "bad_frame"),
        ('{"type": "send", "recipient_id": 1, "content": "\\ud800"}', "bad_frame"),
        ('{"type": "send", "recipient_id": 99999, "content": "hi"}', "recipient_not_found"),
        ('{"type": "read", "peer_id": 99999, "upto": 1}', "recipient_not_found"),
    ],
)
def test_a_wrong_frame_is_refused_with_a_reason(ada: Person, text: str, code: str) -> None:
    with ada.live() as a:
        a.hear("welcome")
        a.socket.send(text)
        assert a.hear("error")["code"] == code
        a.say(type="ping", t=7)
        assert a.hear("pong")["t"] == 7


def test_a_document_of_somebody_else_cannot_be_sent(ada: Person, bob: Person) -> None:
    document = ada.http.post("/documents", files={"file": ("x.pdf", text_pdf())}).json()
    with bob.live() as b:
        client_id = str(uuid4())
        b.say(type="send", recipient_id=ada.id, content="mine", document_id=document["id"], client_id=client_id)
        error = b.hear("error")
        assert (error["code"], error["client_id"]) == ("document_not_found", client_id)


def test_many_bad_frames_end_it(ada: Person) -> None:
    with ada.live() as a:
        for _ in range(3):
            a.socket.send("nonsense")
        assert a.closed() == 4500


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"type": "ping"}, 4401),
        ({"type": "hello"}, 4401),
        ({"type": "hello", "token": "nonsense"}, 4401),
        ({"type": "hello", "v": 2, "token": "nonsense"}, 4501),
        ({"type": "nonsense"}, 4500),
    ],
)
def test_who_does_not_say_who_it_is_is_sent_away(address: str, first: dict[str, object], code: int) -> None:
    with Talk(address.replace("http", "ws", 1) + "/ws", {}) as talk:
        talk.say(first)
        assert talk.closed() == code


def test_the_path_must_name_who_is_signed_in(ada: Person, bob: Person) -> None:
    for path in (f"/ws/{bob.id}", "/ws/nonsense"):
        with ada.live(path) as talk:
            assert talk.closed() == 4503


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_a_cookie_from_a_foreign_page_is_refused(ada: Person, origin: str | None) -> None:
    headers = {"Cookie": f"sheaf_session={ada.token}", **({"Origin": origin} if origin else {})}
    with ada.live(headers=headers) as talk:
        assert talk.closed() == 4503


def test_a_cookie_from_our_own_page_opens_it(ada: Person) -> None:
    with ada.live(headers={"Cookie": f"sheaf_session={ada.token}", "Origin": ada.address}) as talk:
        assert talk.frame()["user_id"] == ada.id


def test_a_flood_is_cut_off(ada: Person) -> None:
    with ada.live() as a:
        for number in range(100):
            a.say(type="ping", t=number)
        assert a.closed() == 4429


def test_a_frame_over_64_kb_is_cut_off(ada: Person) -> None:
    with ada.live() as a:
        a.socket.send("x" * 70_000)
        assert a.closed() == 1009


def test_the_eleventh_connection_is_refused(ada: Person) -> None:
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(ada.live()).hear("welcome")
        assert stack.enter_context(ada.live()).closed() == 4429


def test_the_end_of_a_session_ends_its_connections(ada: Person, database: Database) -> None:
    with ada.live() as a:
        a.hear("welcome")
        with database.engine.begin() as connection:
            connection.execute(update(UserSession).values(revoked_at=now()))
        assert a.closed() == 4401


def test_an_account_that_is_switched_off_is_cut_off(ada: Person, database: Database) -> None:
    with ada.live() as a:
        a.hear("welcome")
        with database.unit_of_work() as session:
            session.get_one(User, ada.id).is_active = False
        assert a.closed() == 4401


def test_a_newer_token_of_the_same_account_is_taken(ada: Person, bob: Person) -> None:
    newer = ada.http.post("/refresh", json={"refresh_token": ada.refresh_token}).json()["access_token"]
    with ada.live() as a:
        a.say(type="refresh", token=newer)
        a.say(type="ping", t=1)
        assert a.hear("pong")["t"] == 1
        a.say(type="refresh", token=bob.token)
        assert a.closed() == 4503


def test_who_stops_reading_is_cut_off_and_nobody_else(
    ada: Person, bob: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.live.socket, "SEND_TIMEOUT_S", 0.5)
    with bob.live() as stuck, ada.live() as a:
        stuck.hear("welcome")
        for _ in range(40):  # 16 MB, more than the buffers between the two take; the client reads 16 frames ahead.
            with database.unit_of_work() as session:
                write_news(session, [News(bob.id, "message", {"message": {"content": "x" * 400_000}})])
        a.say(type="ping", t=1)
        assert a.hear("pong")["t"] == 1
        assert eventually_alone(database, ada.id)


def eventually_alone(database: Database, user_id: int) -> bool:
    """Say whether soon only this user has an open connection."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with database.unit_of_work() as session:
            if set(session.exec(select(Presence.user_id))) == {user_id}:
                return True
        time.sleep(0.1)
    return False

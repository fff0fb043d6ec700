"""`sheaf chat`: conversations, sending a message, and reading along."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cli.client.errors import WrongUse
from cli.client.server import Server
from cli.client.terminal import line, record
from cli.documents.sending import Wishes, send
from cli.talk.people import Names, find_person

WAIT_S = 25
SHOWN_AT_FIRST = 20


def list_conversations(server: Server, *, as_json: bool) -> int:
    for conversation in server.walk("/conversations"):
        if as_json:
            record(conversation)
        else:
            user, last = conversation["user"], conversation["last_message"]
            line(f"{conversation['unread']:>3} new", f"{user['name']} <{user['email']}>", _time(last), last["content"])
    return 0


def send_message(server: Server, user: str, text: str, *, attached: str | None, as_json: bool) -> int:
    """Send one message; an attached PDF is uploaded first unless it is there, and shared with the recipient."""
    message = {
        "recipient_id": find_person(server, user)["id"],
        "content": text,
        "document_id": _attach(server, attached) if attached else None,
        "client_id": str(uuid4()),  # A repeat after a lost answer is the same message.
    }
    sent = server.json("POST", "/messages", json=message, patience_s=20)
    if as_json:
        record(sent)
    else:
        line(sent["id"], "sent")
    return 0


def tail(server: Server, user: str | None, *, follow: bool, as_json: bool) -> int:
    """Print the last messages, with one person or all, and then what comes, until Ctrl-C."""
    person = find_person(server, user)["id"] if user else None
    names = Names(server)
    position = _last_event(server) if follow else 0
    shown = 0
    for message in reversed(list(islice(_messages(server, person), SHOWN_AT_FIRST))):
        _print(message, names, as_json=as_json)
        shown = message["id"]
    for message in _coming(server, position) if follow else ():
        if message["id"] > shown and person in (None, message["sender_id"], message["recipient_id"]):
            _print(message, names, as_json=as_json)
    return 0


def _messages(server: Server, person: int | None) -> Iterator[dict[str, Any]]:
    return server.walk("/messages", limit=SHOWN_AT_FIRST, **({"with": person} if person else {}))


def _last_event(server: Server) -> int:
    """Return the number of the last event there is."""
    position, has_more = 0, True
    while has_more:
        answer = server.json("GET", "/events", params={"after": position})
        position, has_more = answer["next"], bool(answer["events"])
    return position


def _coming(server: Server, position: int) -> Iterator[dict[str, Any]]:
    while True:
        answer = server.json("GET", "/events", params={"after": position, "wait": WAIT_S}, patience_s=3600)
        yield from (event["message"] for event in answer["events"] if event["type"] == "message")
        position = answer["next"]


def _print(message: dict[str, Any], names: Names, *, as_json: bool) -> None:
    if as_json:
        record(message)
        return
    people = f"{names(message['sender_id'])} → {names(message['recipient_id'])}:"
    document = f"[document {message['document_id']}]" if message["document_id"] else ""
    line(_time(message), people, message["content"], document)


def _time(message: dict[str, Any]) -> str:
    return datetime.fromisoformat(message["sent_at"]).astimezone().strftime("%Y-%m-%d %H:%M")


def _attach(server: Server, attached: str) -> str:
    try:
        return str(UUID(attached))
    except ValueError:
        file = Path(attached)
    if not file.is_file():
        raise WrongUse(f"--attach: there is no file {attached}, and it is no id of a document.")
    return str(send(server, file, Wishes())[0]["id"])

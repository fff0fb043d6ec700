"""Two API processes, one of which is killed: no message is lost, doubled or out of order for whoever comes back."""

import threading
import time
from contextlib import ExitStack, suppress
from uuid import uuid4

import pytest
from websockets.exceptions import WebSocketException

from shared.settings import Settings
from tests.live import Person, process

MESSAGES = 80


def send_all(sender: Person, recipient: Person) -> None:
    """Send each message until it is acknowledged, over as many connections as it takes."""
    waiting = [
        {"type": "send", "client_id": str(uuid4()), "recipient_id": recipient.id, "content": str(number)}
        for number in range(MESSAGES)
    ]
    while waiting:
        with suppress(WebSocketException, OSError), sender.live() as talk:
            while waiting:
                talk.say(waiting[0])
                assert talk.hear("ack")["client_id"] == waiting.pop(0)["client_id"]
                time.sleep(0.02)
        time.sleep(0.1)


def listen(person: Person, heard: list[tuple[int, str]]) -> None:
    """Hear all messages, coming back after the last event that was heard."""
    while len(heard) < MESSAGES:
        after = heard[-1][0] if heard else 0
        with suppress(WebSocketException, OSError), person.live(after=after) as talk:
            while len(heard) < MESSAGES:
                frame = talk.hear("message", within_s=40)
                if frame["event"] > (heard[-1][0] if heard else 0):
                    heard.append((frame["event"], frame["message"]["content"]))
        time.sleep(0.1)


@pytest.mark.processes
def test_a_killed_api_process_loses_nothing(settings: Settings) -> None:
    heard: list[tuple[int, str]] = []
    with ExitStack() as stack:
        one, two = stack.enter_context(process(settings)), stack.enter_context(process(settings))
        ada = stack.enter_context(Person(one.wait_ready(), "ada"))
        bob = stack.enter_context(Person(two.wait_ready(), "bob"))
        sending = threading.Thread(target=send_all, args=(ada, bob))
        listening = threading.Thread(target=listen, args=(bob, heard))
        sending.start()
        listening.start()
        for victim in (one, two):
            time.sleep(1)
            victim.kill()
            victim.start()
        sending.join(40)
        listening.join(40)
    assert heard == [(number + 1, str(number)) for number in range(MESSAGES)]

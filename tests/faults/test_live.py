"""Fifty people at two API processes, with connections that are cut: every log equals the table, whatever is killed."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from uuid import uuid4

import pytest
from websockets.exceptions import WebSocketException

from shared.database import Database
from shared.settings import Settings
from tests.faults.servers import BrokerServer
from tests.live import Person, Process, process

PEOPLE = 50
MESSAGES = 10_000
LASTS_S = 300.0
FAULT_EVERY_S = 20.0
BROKER_AWAY_S = 30.0
CUT_SHARE = 0.02


@dataclass
class Client:
    """One person who writes to others, and keeps what is heard as a page would."""

    person: Person
    seen: dict[int, int] = field(default_factory=dict)
    last: int = 0
    wrong_order: int = 0

    def take(self, frame: dict[str, object]) -> None:
        """Note the message of an event; numbers have to follow one another."""
        number = int(str(frame["event"]))
        if number <= self.last:
            return
        self.wrong_order += number != self.last + 1
        self.last = number
        if frame["type"] == "message" and isinstance(message := frame["message"], dict):
            self.seen[number] = message["id"]

    def talk(self, others: list[int], messages: int, *, pause_s: float) -> None:
        """Send so many messages, each until it is acknowledged, while connections break by chance."""
        waiting = [
            {"type": "send", "client_id": str(uuid4()), "recipient_id": random.choice(others), "content": str(n)}  # noqa: S311
            for n in range(messages)
        ]
        while waiting:
            with suppress(WebSocketException, OSError, TimeoutError), self.person.live(after=self.last) as talk:
                while waiting and random.random() > CUT_SHARE:  # noqa: S311 — a load, not a secret.
                    talk.say(waiting[0])
                    while (frame := talk.frame(within_s=15))["type"] != "ack":
                        if frame["type"] != "welcome" and frame.get("event"):
                            self.take(frame)
                    waiting.pop(0)
                    time.sleep(pause_s)
            time.sleep(random.uniform(0.1, 0.5))  # noqa: S311

    def catch_up(self, last: int) -> None:
        while self.last < last:
            for frame in self.person.news(self.last, wait=5):
                self.take(frame)


Faults = Iterator[Callable[[], None]]


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_every_log_equals_the_table_when_processes_are_killed(settings: Settings, database: Database) -> None:
    with ExitStack() as stack:
        both = [stack.enter_context(process(settings)) for _ in range(2)]
        compare_all(stack, database, both, cycle([lambda: restart(both[0]), lambda: restart(both[1])]))


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_every_log_equals_the_table_when_the_broker_goes_and_comes(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    broker = BrokerServer(tmp_path / "valkey")
    broker.start()

    def away(seconds: float) -> None:
        broker.kill()
        time.sleep(seconds)
        broker.start()

    with ExitStack() as stack:
        stack.callback(broker.kill)
        theirs = settings.model_copy(update={"broker_url": broker.url()})
        both = [stack.enter_context(process(theirs)) for _ in range(2)]
        compare_all(
            stack, database, both, cycle([lambda: away(0), lambda: away(BROKER_AWAY_S), lambda: restart(both[0])])
        )


def compare_all(stack: ExitStack, database: Database, both: Sequence[Process], faults: Faults) -> None:
    """Let all write to each other while faults happen, and compare what each has seen with the table."""
    addresses = [one.wait_ready() for one in both]
    clients = [Client(stack.enter_context(Person(addresses[number % 2], f"p{number}"))) for number in range(PEOPLE)]
    talk_all(clients, faults)
    with database.engine.connect() as connection:
        lasts = dict(tuple(row) for row in connection.exec_driver_sql("SELECT user_id, last FROM event_counters"))
        rows = connection.exec_driver_sql(
            "SELECT user_id, number, body -> 'message' ->> 'id' FROM events WHERE type = 'message'"
        ).all()
        stored = connection.exec_driver_sql("SELECT count(*) FROM messages").scalar_one()
    for client in clients:
        client.catch_up(lasts[client.person.id])
    assert stored == MESSAGES // PEOPLE * PEOPLE
    for client in clients:
        assert client.wrong_order == 0
        assert client.seen == {number: int(id_) for user, number, id_ in rows if user == client.person.id}


def talk_all(clients: list[Client], faults: Faults) -> None:
    ids, each = [client.person.id for client in clients], MESSAGES // PEOPLE
    threads = [
        threading.Thread(
            target=client.talk,
            args=([i for i in ids if i != client.person.id], each),
            kwargs={"pause_s": LASTS_S / each},
        )
        for client in clients
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(FAULT_EVERY_S)
        next(faults)()


def restart(api: Process) -> None:
    api.kill()
    api.start()
    api.wait_ready()

"""The clients: people with tokens, pairs of them that write to each other, and connections that only stand there."""

import asyncio
import json
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect

from api import access_tokens
from bench.live.bare import CONTENT
from shared.database import Database
from shared.models import User, UserSession
from shared.settings import Settings


@dataclass
class Measured:
    """What pairs achieved: messages a second, and the milliseconds from sending to the other one's socket."""

    per_second: float
    delays_ms: list[float]


def make_people(database: Database, settings: Settings, count: int) -> list[tuple[int, str]]:
    """Return the ids and access tokens of new people, made without hashing passwords."""
    people = [User(email=f"{number}@example.org", name=str(number), password_hash="") for number in range(count)]
    with database.unit_of_work() as session:
        session.add_all(people)
        session.flush()  # The sessions need their ids.
        sessions = [UserSession(user_id=person.id or 0) for person in people]
        session.add_all(sessions)
    return [
        (person.id or 0, access_tokens.issue(settings, person, session_id=signed_in.id))
        for person, signed_in in zip(people, sessions, strict=True)
    ]


async def opened(stack: AsyncExitStack, url: str, token: str | None = None) -> ClientConnection:
    headers = {"Authorization": f"Bearer {token}"} if token else None
    return await stack.enter_async_context(
        connect(url, additional_headers=headers, compression=None, ping_interval=None, open_timeout=60)
    )


async def write_in_pairs(
    url: str, people: list[tuple[int, str]], *, seconds: float, pause_s: float, echoes: bool = False
) -> Measured:
    """Let the first of each pair send one message after the other, and time them at the second one's socket.

    An echo has no second one: then the sender times what comes back.
    """
    delays: list[float] = []
    async with AsyncExitStack() as stack:
        pairs: list[tuple[ClientConnection, ClientConnection, int]] = []
        for (_, sender), (recipient_id, recipient) in zip(people[::2], people[1::2], strict=True):
            first = await opened(stack, url, None if echoes else sender)
            second = first if echoes else await opened(stack, url, recipient)
            pairs.append((first, second, recipient_id))
        draining = [] if echoes else [asyncio.create_task(_drain(first)) for first, _, _ in pairs]
        began = time.perf_counter()
        ends = began + seconds
        await asyncio.gather(*(_write(*pair, ends=ends, pause_s=pause_s, delays=delays) for pair in pairs))
        took = time.perf_counter() - began
        for task in draining:
            task.cancel()
    return Measured(len(delays) / took, delays)


async def _drain(sender: ClientConnection) -> None:
    """Take what a sender hears of its own messages."""
    async for _ in sender:
        pass


async def _write(
    sender: ClientConnection,
    recipient: ClientConnection,
    recipient_id: int,
    *,
    ends: float,
    pause_s: float,
    delays: list[float],
) -> None:
    frame = json.dumps({"type": "send", "recipient_id": recipient_id, "content": CONTENT})
    await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311 — so that they do not all write at once.
    while time.perf_counter() < ends:
        sent_at = time.perf_counter()
        await sender.send(frame)
        while CONTENT not in str(await recipient.recv()):
            pass
        delays.append(1000 * (time.perf_counter() - sent_at))
        await asyncio.sleep(pause_s)

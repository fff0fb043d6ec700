"""The bare counterparts: an echo by `websockets` alone, one by Starlette, and the transaction of a message by psycopg.

`python -m bench.live.bare websockets|starlette|hub PORT` runs one of the echoes, or the hub, as a process of its own.
"""

import asyncio
import sys
import time

import psycopg
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.server import ServerConnection, serve

from bench.live import hub

CONTENT = "x" * 100
LOCK = """
    INSERT INTO event_counters (user_id, last) SELECT id, 0 FROM unnest(%(people)s::integer[]) AS id ORDER BY id
    ON CONFLICT (user_id) DO UPDATE SET last = event_counters.last"""
POST = """
    WITH posted AS (
        INSERT INTO messages (sender_id, recipient_id, content, sent_at)
        VALUES (%(sender)s, %(recipient)s, %(content)s, clock_timestamp()) RETURNING *)
    INSERT INTO conversations (user_id, peer_id, last_message_id)
    SELECT sender_id, recipient_id, id FROM posted UNION SELECT recipient_id, sender_id, id FROM posted
    ON CONFLICT (user_id, peer_id) DO UPDATE SET last_message_id = excluded.last_message_id"""
TELL = """
    WITH taken AS (
        INSERT INTO event_counters AS c (user_id, last)
        SELECT id, 1 FROM unnest(%(people)s::integer[]) AS id ORDER BY id
        ON CONFLICT (user_id) DO UPDATE SET last = c.last + 1 RETURNING user_id, last),
    written AS (
        INSERT INTO events (user_id, number, type, body, created_at)
        SELECT user_id, last, 'message', jsonb_build_object('content', %(content)s::text), clock_timestamp() FROM taken
        RETURNING user_id)
    SELECT pg_notify('bench', user_id::text) FROM written"""


def transactions(dsn: str, people: list[int], *, seconds: float) -> float:
    """Return how many messages a second one psycopg connection writes: no HTTP, no frames, nobody who reads."""
    first, second = sorted(people[:2])
    given = {"people": [first, second], "sender": first, "recipient": second, "content": CONTENT}
    done, began = 0, time.perf_counter()
    with psycopg.connect(dsn) as connection:
        while time.perf_counter() - began < seconds:
            connection.execute("SELECT is_active FROM users WHERE id = %(recipient)s", given)
            for statement in (LOCK, POST, TELL):
                connection.execute(statement, given)
            connection.commit()
            done += 1
    return done / (time.perf_counter() - began)


async def _echo_of_starlette(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return


async def _serve_echo(port: int) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", port, compression=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "websockets":
        asyncio.run(_serve_echo(int(sys.argv[2])))
    elif sys.argv[1] == "hub":
        hub.serve(int(sys.argv[2]))
    else:
        app = Starlette(routes=[WebSocketRoute("/", _echo_of_starlette)])
        uvicorn.run(app, port=int(sys.argv[2]), log_config=None, ws_per_message_deflate=False)

"""The opening of a WebSocket: who opens it, said by a header, a cookie or the first frame, and where its news begin."""

import asyncio

from fastapi import WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from starlette.websockets import WebSocketState

from api.identity import given_token
from api.live.callers import Caller, call
from api.live.feeds import Hangup
from api.live.frames import MAX_NUMBER, VERSION, BadFrame, Hello, parse
from api.origins import OriginNotAllowed
from api.resources import Resources
from shared.errors import Forbidden, Unauthenticated

HELLO_TIMEOUT_S = 10.0


async def identify(websocket: WebSocket, resources: Resources) -> tuple[Caller, int | None]:
    """Return who opens the connection, and after which event its news begin.

    One who is known by header or cookie is accepted only when its place in the log is known: whatever happens after
    the handshake reaches it. Raises Hangup.
    """
    try:
        token = given_token(websocket, resources.settings)
    except OriginNotAllowed as error:
        raise Hangup(4503, "pages of this origin may not use the cookie") from error
    if token is not None:
        return await caller_of(resources, websocket, token=token), _after(websocket)
    await accept(websocket)
    hello = await _first_frame(websocket)
    return await caller_of(resources, websocket, token=hello.token), hello.after


def _after(websocket: WebSocket) -> int | None:
    """Return the event that the address names; by `hello` a known client could do so only after newer ones came."""
    given = websocket.query_params.get("after")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or int(given[:20]) > MAX_NUMBER:
        raise Hangup(4500, "`after` is the number of an event")
    return int(given)


async def _first_frame(websocket: WebSocket) -> Hello:
    try:
        async with asyncio.timeout(HELLO_TIMEOUT_S):
            frame = parse(await receive_text(websocket))
    except TimeoutError as error:
        raise Hangup(4408, "no hello came") from error
    except BadFrame as error:
        raise Hangup(4500, error.detail[:120]) from error
    if not isinstance(frame, Hello):
        raise Hangup(4401, "say hello with an access token first")
    check_version(frame)
    return frame


async def accept(websocket: WebSocket) -> None:
    if websocket.application_state is WebSocketState.CONNECTING:
        await websocket.accept()


async def caller_of(resources: Resources, websocket: WebSocket, *, token: str | None) -> Caller:
    """Return whom a token stands for; raises Hangup."""
    try:
        return await run_in_threadpool(call, resources, websocket, token)
    except Unauthenticated as error:
        raise Hangup(4401, error.detail[:120]) from error
    except Forbidden as error:
        raise Hangup(4503, error.detail[:120]) from error


async def receive_text(websocket: WebSocket) -> str:
    """Return the next frame's text; raises BadFrame for a binary one."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text: str | None = message.get("text")
    if text is None:
        raise BadFrame("bad_frame", "Frames are text.")
    return text


def check_version(hello: Hello) -> None:
    """Raise Hangup for a client that speaks another version."""
    if hello.v != VERSION:
        raise Hangup(4501, f"version {VERSION} is spoken here: load the page again")

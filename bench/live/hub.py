"""The bare counterpart of the news: a hub that keeps events in memory and serves them as streams and as long polls.

`GET /events` answers the user whom the header `User` names. Lines of `user state`, which come in on the port above that
of HTTP, are the events.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

HEARTBEAT_S = 15.0


class Hub:
    """Events by user, and who waits for them."""

    def __init__(self) -> None:
        """Nobody is known."""
        self._events: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._changed: defaultdict[str, asyncio.Condition] = defaultdict(asyncio.Condition)

    async def hear(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        async for line in reader:
            user, state = line.decode().split()
            self._events[user].append({"event": len(self._events[user]) + 1, "type": "job", "state": state})
            async with self._changed[user]:
                self._changed[user].notify_all()

    async def answer(self, request: Request) -> Response:
        user = request.headers["user"]
        if "text/event-stream" in request.headers["accept"]:
            return StreamingResponse(self._stream(user), media_type="text/event-stream")
        last = int(request.query_params["after"])
        found = await self._after(user, last, float(request.query_params["wait"]))
        return JSONResponse({"events": found, "next": last + len(found)})

    async def _stream(self, user: str) -> AsyncIterator[str]:
        last = 0
        while True:
            for event in await self._after(user, last, HEARTBEAT_S):
                last += 1
                yield f"id: {last}\ndata: {json.dumps(event)}\n\n"

    async def _after(self, user: str, last: int, seconds: float) -> list[dict[str, Any]]:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed[user]:
                await self._changed[user].wait_for(lambda: len(self._events[user]) > last)
        return self._events[user][last:]


def serve(port: int) -> None:
    hub = Hub()

    @asynccontextmanager
    async def hearing(_: Starlette) -> AsyncIterator[None]:
        async with await asyncio.start_server(hub.hear, "127.0.0.1", port + 1):
            yield

    uvicorn.run(Starlette(routes=[Route("/events", hub.answer)], lifespan=hearing), port=port, log_config=None)

"""The route of the news: the numbered events of a user as a long poll, or as a stream of server-sent events."""

from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.errors import responses
from api.jobs.routes import Wait
from api.live.callers import Caller, CallingNow
from api.live.feeds import Hangup, Item
from api.live.frames import MAX_NUMBER, JobNews, MessagePosted, NewsFrame
from api.live.hub import Hub, TooManyConnections
from api.live.service import SharedLive
from shared.errors import Unavailable

EVENT_STREAM = "text/event-stream"
HEARTBEAT_S = 15.0
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # Or nginx holds the events back.
EXAMPLE_STREAM = f'id: {JobNews.example["event"]}\ndata: {{"type":"job", …}}\n\n'
router = APIRouter(tags=["events"])
After = Annotated[
    int,
    Query(ge=0, le=MAX_NUMBER, description="The number of the last event you know; 0 for all that are kept."),
]


class NewsList(BaseModel):
    """Events in the order of their numbers; ask for those after `next` next."""

    events: list[Annotated[NewsFrame, Field(discriminator="type")]]
    next: int = Field(examples=[1242])


EVENTS: dict[str, Any] = {
    "operation_id": "listEvents",
    "summary": "Your news after an event: held until there is some, or as a stream",
    "response_model": NewsList,
    "responses": {
        200: {
            "content": {
                "application/json": {"example": {"events": [MessagePosted.example], "next": 1239}},
                EVENT_STREAM: {"schema": {"type": "string"}, "example": EXAMPLE_STREAM},
            },
            "description": f"A list, or with `Accept: {EVENT_STREAM}` a stream in which each event is one frame.",
        },
        **responses(TooManyConnections),
    },
}


@router.get("/events", **EVENTS)
async def list_events(
    request: Request,
    caller: CallingNow,
    live: SharedLive,
    after: After = 0,
    wait: Wait = 0,
    last_event_id: Annotated[str | None, Header(max_length=100, description="What a stream goes on after.")] = None,
) -> Response:
    hub = live.hub
    if EVENT_STREAM in request.headers.get("accept", ""):
        hub.admit(caller)
        begin = _last_seen(last_event_id, after)
        return StreamingResponse(_stream(hub, caller, begin), media_type=EVENT_STREAM, headers=STREAM_HEADERS)
    with hub.follow(caller, after=after, lasts=False) as feed:
        items = await feed.next(seconds=wait)
    return Response(_list(items, after), media_type="application/json", headers={"Cache-Control": "no-store"})


async def _stream(hub: Hub, caller: Caller, after: int) -> AsyncIterator[str]:
    """Yield events until the client goes or its sign-in ends; it comes back by itself and says what it saw last."""
    yield "retry: 1000\n\n"
    with hub.follow(caller, after=after) as feed:
        while True:
            try:
                items = await feed.next(seconds=HEARTBEAT_S)
            except (Hangup, Unavailable):
                return
            yield "".join(map(_as_event, items)) or ": still here\n\n"


def _as_event(item: Item) -> str:
    number = "" if item.number is None else f"id: {item.number}\n"
    return f"{number}data: {item.text}\n\n"


def _list(items: Iterable[Item], after: int) -> str:
    numbered = [item for item in items if item.number is not None]
    following = numbered[-1].number if numbered else after
    return f'{{"events":[{",".join(item.text for item in numbered)}],"next":{following}}}'


def _last_seen(header: str | None, after: int) -> int:
    """A browser that reconnects keeps the address and adds what it saw last; anything odd is not ours."""
    return int(header) if header and header.isdecimal() and len(header) < 19 else after

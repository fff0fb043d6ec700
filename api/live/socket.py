"""The WebSocket: the frames that come and go over it, and why it ends."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from api.live import messages, presence
from api.live.feeds import Feed, Hangup, Item
from api.live.frames import (
    MAX_CONTENT,
    Ack,
    Active,
    BadFrame,
    ClientFrame,
    Got,
    Hello,
    Ping,
    Pong,
    Read,
    Refresh,
    Refused,
    Send,
    Typing,
    Welcome,
    parse,
)
from api.live.hub import TooManyConnections
from api.live.opening import accept, caller_of, check_version, identify, receive_text
from api.live.pace import Pace
from api.live.service import Live, get_live
from api.resources import Resources
from shared.errors import SheafError, Unavailable

SEND_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0
PING_EVERY_S = 25
FRAMES_PER_S, FRAMES_AT_ONCE = 20, 60
BAD_FRAMES = 3
TYPING_EVERY = timedelta(seconds=3)
WAIT_S = 3600.0
Answer = TypeVar("Answer")
router = APIRouter()
log = structlog.get_logger(__name__)


@router.websocket("/ws")
@router.websocket("/ws/{user_id}")
async def connect(websocket: WebSocket, user_id: str | None = None) -> None:
    """Serve one connection; a path that names a user has to name the one who is signed in."""
    try:
        await _serve(websocket, user_id)
    except WebSocketDisconnect:
        return
    except Hangup as hangup:
        await _close(websocket, hangup)
    except (SQLAlchemyError, Unavailable):
        await _close(websocket, Hangup(1013, "not available at the moment; come back soon"))


async def _serve(websocket: WebSocket, path_id: str | None) -> None:
    resources: Resources = websocket.app.state.resources
    live = get_live(websocket)
    caller, after = await identify(websocket, resources)
    if path_id is not None and path_id != str(caller.user_id):
        raise Hangup(4503, "the path names somebody else")
    try:
        live.hub.admit(caller)
    except TooManyConnections as error:
        raise Hangup(4429, error.detail) from error
    with live.hub.follow(caller, after=after) as feed:
        connection = Connection(websocket, resources, live, feed)
        await connection.prepare()
        await accept(websocket)
        await connection.run()


async def _close(websocket: WebSocket, hangup: Hangup) -> None:
    """Say why, for which even one who is refused is accepted first; one who does not read is not waited for."""
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await accept(websocket)
            await websocket.close(hangup.code, hangup.reason)


class Connection:
    """One client that is signed in: a reader answers its frames, a writer sends what its feed has."""

    def __init__(self, websocket: WebSocket, resources: Resources, live: Live, feed: Feed) -> None:
        self._websocket, self._resources, self._live, self._feed = websocket, resources, live, feed
        self._pace = Pace(FRAMES_PER_S, FRAMES_AT_ONCE)
        self._bad_frames = 0
        self._has_unconfirmed = True
        self._typed: dict[int, float] = {}
        self._resumes = feed.position is not None
        self._id: UUID | None = None

    async def prepare(self) -> None:
        """Find the client's place in the log."""
        self._feed.greet = self._welcome
        await self._confirm_resumed()
        await self._feed.ready()

    async def run(self) -> None:
        async with self._live.attendance.attend(self._feed) as self._id:
            tasks = {asyncio.create_task(self._read()), asyncio.create_task(self._write())}
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _confirm_resumed(self) -> None:
        """Take down that what came before the event after which a client goes on has been delivered."""
        after = self._feed.position
        if after is not None:
            await self._in_transaction(lambda session: messages.mark_delivered(session, self._user_id, event=after))

    def _welcome(self) -> Item:
        welcome = Welcome(
            user_id=self._user_id,
            event=self._feed.last,
            resumed=self._resumes and self._feed.resumed,
            ping_every=PING_EVERY_S,
            max_content=MAX_CONTENT,
            token_expires_at=self._feed.caller.expires_at,
        )
        return Item("welcome", None, welcome.model_dump_json())

    async def _write(self) -> None:
        while True:
            for item in await self._feed.next(seconds=WAIT_S):
                self._has_unconfirmed = self._has_unconfirmed or item.type == "message"
                await self._send(item.text)

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._websocket.send_text(text)
        except TimeoutError as error:
            raise Hangup(4408, "too slow") from error

    async def _read(self) -> None:
        while True:
            try:
                text = await receive_text(self._websocket)
                if not self._pace.allows():
                    raise Hangup(4429, f"at most {FRAMES_PER_S} frames a second")
                await self._take(parse(text))
            except BadFrame as error:
                self._refuse(error.code, error.detail, client_id=error.client_id)
                self._count_bad_frame()

    def _count_bad_frame(self) -> None:
        self._bad_frames += 1
        if self._bad_frames >= BAD_FRAMES:
            raise Hangup(4500, "too many bad frames")

    async def _take(self, frame: ClientFrame) -> None:
        client_id = frame.client_id if isinstance(frame, Send) else None
        try:
            await self._do(frame)
        except SheafError as error:
            self._refuse(error.code, error.detail, client_id=client_id, retry_after=error.retry_after)
        except SQLAlchemyError:
            detail = "The database is not available at the moment; send this again soon."
            self._refuse(Unavailable.code, detail, client_id=client_id, retry_after=2)

    async def _do(self, frame: ClientFrame) -> None:
        match frame:
            case Send():
                await self._post(frame)
            case Got():
                await self._got(frame)
            case Read():
                await self._in_transaction(
                    lambda session: messages.mark_read(session, self._user_id, frame.peer_id, upto=frame.upto)
                )
            case Typing():
                await self._typing(frame.peer_id)
            case Active():
                await self._live.attendance.set_active(self._id or UUID(int=0), is_active=frame.active)
            case Refresh():
                await self._refresh(frame.token)
            case Ping():
                self._say(Pong(t=frame.t))
            case Hello():
                await self._hello(frame)

    async def _post(self, frame: Send) -> None:
        new = messages.NewMessage.model_validate(frame.model_dump(exclude={"type"}))
        message, was_sent = await self._in_transaction(lambda session: messages.post(session, self._user_id, new))
        ack = Ack(client_id=frame.client_id, message_id=message.id, sent_at=message.sent_at, duplicate=was_sent)
        self._say(ack)

    async def _got(self, frame: Got) -> None:
        """Most events are no messages, and cost no transaction."""
        if self._has_unconfirmed:
            self._has_unconfirmed = False
            await self._in_transaction(
                lambda session: messages.mark_delivered(session, self._user_id, event=frame.event)
            )
            self._has_unconfirmed = self._has_unconfirmed or frame.event < (self._feed.position or 0)

    async def _typing(self, peer_id: int) -> None:
        moment = asyncio.get_running_loop().time()
        if moment - self._typed.get(peer_id, -WAIT_S) >= TYPING_EVERY.total_seconds():
            self._typed = {peer_id: moment}  # Nobody writes to two people at once for long.
            await self._in_transaction(lambda session: presence.tell_typing(session, self._user_id, peer_id))

    async def _refresh(self, token: str) -> None:
        caller = await caller_of(self._resources, self._websocket, token=token)
        if caller.user_id != self._user_id:
            raise Hangup(4503, "this token is somebody else's")
        self._feed.caller = caller

    async def _hello(self, frame: Hello) -> None:
        """Take a hello of one who was known already: it may go on after an event."""
        check_version(frame)
        if frame.token is not None:
            await self._refresh(frame.token)
        self._resumes = frame.after is not None
        self._feed.seek(frame.after)
        await self._confirm_resumed()

    async def _in_transaction(self, work: Callable[[Session], Answer]) -> Answer:
        def run() -> Answer:
            with self._resources.database.unit_of_work() as session:
                return work(session)

        return await run_in_threadpool(run)

    def _say(self, frame: BaseModel) -> None:
        self._feed.aside(Item(frame.__class__.__name__, None, frame.model_dump_json()))

    def _refuse(
        self, code: str, detail: str, *, client_id: UUID | None = None, retry_after: float | None = None
    ) -> None:
        self._say(Refused(code=code, detail=detail, client_id=client_id, retry_after=retry_after))

    @property
    def _user_id(self) -> int:
        return self._feed.caller.user_id

"""The frames of the live connection: what clients say, what they hear, and how a text becomes a frame.

Their JSON schemas and examples make `/asyncapi.json`. Frames with an `event` are the numbered news of a user; the
others are neither numbered nor kept.
"""

import json
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.models import JobState

VERSION = 1
MAX_CONTENT = 8000
MAX_ID = 2**31 - 1
MAX_NUMBER = 2**63 - 1
EXAMPLE_DOCUMENT = "0199f2a4-7c1e-7b1a-9d55-2f3c8a11d0c5"
EXAMPLE_CLIENT_ID = "0192f2a4-7c1e-7b1a-9d55-2f3c8a11b001"
EXAMPLE_TIME = "2026-11-23T04:31:07.412000Z"
BARE_SEND = frozenset({"recipient_id", "content"})


def _readable(content: str) -> str:
    if not content.strip():
        raise ValueError("write something")
    if "\0" in content:
        raise ValueError("leave out the character U+0000, which cannot be stored")
    return content


Content = Annotated[
    str, Field(min_length=1, max_length=MAX_CONTENT, examples=["See page 3."]), AfterValidator(_readable)
]
UserId = Annotated[int, Field(ge=1, le=MAX_ID, examples=[2])]
Number = Annotated[int, Field(ge=0, le=MAX_NUMBER, examples=[1240])]
Upto = Annotated[int, Field(ge=1, le=MAX_NUMBER, examples=[552], description="A message id; all before it as well.")]


class Frame(BaseModel):
    """A JSON text message; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")
    example: ClassVar[dict[str, Any]]


class Hello(Frame):
    """Say who you are, if no header or cookie did, and which event you saw last to get those after it."""

    type: Literal["hello"]
    v: int = Field(default=VERSION, description="The version of these frames that the client speaks.")
    token: str | None = Field(default=None, max_length=4096)
    after: Number | None = None
    example: ClassVar = {"type": "hello", "v": 1, "token": "eyJ…", "after": 1231}


class Send(Frame):
    """Send a message. With a `client_id` of your own making a repeat is stored once. A document is shared with it."""

    type: Literal["send"] = "send"
    client_id: UUID | None = None
    recipient_id: UserId
    content: Content
    document_id: UUID | None = None
    example: ClassVar = {
        "type": "send",
        "client_id": EXAMPLE_CLIENT_ID,
        "recipient_id": 2,
        "content": "See page 3.",
        "document_id": EXAMPLE_DOCUMENT,
    }


class Got(Frame):
    """All events up to this one have arrived; their messages count as delivered."""

    type: Literal["got"]
    event: Number
    example: ClassVar = {"type": "got", "event": 1240}


class Read(Frame):
    """All messages of this person up to this one have been read."""

    type: Literal["read"]
    peer_id: UserId
    upto: Upto
    example: ClassVar = {"type": "read", "peer_id": 2, "upto": 551}


class Typing(Frame):
    """You are writing to this person; at most one every 3 s is passed on."""

    type: Literal["typing"]
    peer_id: UserId
    example: ClassVar = {"type": "typing", "peer_id": 2}


class Active(Frame):
    """Whether somebody looks at this client; when none of your clients is active, you are away."""

    type: Literal["active"]
    active: bool
    example: ClassVar = {"type": "active", "active": False}


class Refresh(Frame):
    """Go on with a newer access token of the same account."""

    type: Literal["refresh"]
    token: str = Field(max_length=4096)
    example: ClassVar = {"type": "refresh", "token": "eyJ…"}


class Ping(Frame):
    """Ask for a `pong` with the same `t`."""

    type: Literal["ping"]
    t: int | None = Field(default=None, ge=-MAX_NUMBER, le=MAX_NUMBER)
    example: ClassVar = {"type": "ping", "t": 1763872267412}


class MessageCard(BaseModel):
    """A message as both of its people see it."""

    model_config = ConfigDict(extra="forbid")
    id: int = Field(examples=[552])
    sender_id: int = Field(examples=[1])
    recipient_id: int = Field(examples=[2])
    content: str = Field(examples=["See page 3."])
    document_id: UUID | None = None
    client_id: UUID | None = None
    sent_at: datetime
    delivered_at: datetime | None = None
    read_at: datetime | None = None


class Welcome(Frame):
    """You are signed in. What follows are the events after `event`, unless `after` was older: then those after that."""

    type: Literal["welcome"] = "welcome"
    v: Literal[1] = 1
    user_id: int
    event: int = Field(description="The number of your last event.")
    resumed: bool = Field(description="Whether every event after the one you named is still there.")
    ping_every: int = Field(description="Seconds after which a silent client should send a ping.")
    max_content: int
    token_expires_at: datetime | None
    example: ClassVar = {
        "type": "welcome",
        "v": 1,
        "user_id": 1,
        "event": 1238,
        "resumed": True,
        "ping_every": 25,
        "max_content": MAX_CONTENT,
        "token_expires_at": EXAMPLE_TIME,
    }


class Ack(Frame):
    """Your message is stored; nothing loses it from here on."""

    type: Literal["ack"] = "ack"
    client_id: UUID | None
    message_id: int
    sent_at: datetime
    duplicate: bool = False
    example: ClassVar = {
        "type": "ack",
        "client_id": EXAMPLE_CLIENT_ID,
        "message_id": 552,
        "sent_at": EXAMPLE_TIME,
        "duplicate": False,
    }


class MessagePosted(Frame):
    """A message to you or, from another client of yours, by you."""

    type: Literal["message"] = "message"
    event: int
    message: MessageCard
    example: ClassVar = {
        "type": "message",
        "event": 1239,
        "message": {
            "id": 552,
            "sender_id": 1,
            "recipient_id": 2,
            "content": "See page 3.",
            "document_id": EXAMPLE_DOCUMENT,
            "client_id": EXAMPLE_CLIENT_ID,
            "sent_at": EXAMPLE_TIME,
            "delivered_at": None,
            "read_at": None,
        },
    }


class Delivered(Frame):
    """Your messages to this person up to this one have arrived at one of its clients."""

    type: Literal["delivered"] = "delivered"
    event: int
    peer_id: int
    upto: int
    example: ClassVar = {"type": "delivered", "event": 1240, "peer_id": 2, "upto": 552}


class ReadUpto(Frame):
    """This person has read your messages up to this one, or, `by` me, you have read its on another client."""

    type: Literal["read"] = "read"
    event: int
    peer_id: int
    by: Literal["peer", "me"]
    upto: int
    example: ClassVar = {"type": "read", "event": 1241, "peer_id": 2, "by": "peer", "upto": 552}


class TypingNow(Frame):
    """This person is writing to you; show it for so long."""

    type: Literal["typing"] = "typing"
    peer_id: int
    for_ms: int = 6000
    example: ClassVar = {"type": "typing", "peer_id": 2, "for_ms": 6000}


class PresenceNow(Frame):
    """Whether a person you share a conversation with is there; nothing was said of one who is not."""

    type: Literal["presence"] = "presence"
    user_id: int
    state: Literal["online", "away", "offline"]
    last_seen: AwareDatetime | None = None
    example: ClassVar = {"type": "presence", "user_id": 2, "state": "away", "last_seen": EXAMPLE_TIME}


class JobNews(Frame):
    """A job of yours, or of a document shared with you: with an `event` its new state, without one how far it is."""

    type: Literal["job"] = "job"
    event: int | None = None
    job_id: UUID
    document_id: UUID | None
    kind: str
    state: JobState
    pages_done: int
    pages_failed: int
    pages_total: int | None
    rev: int = Field(description="The document's change counter; ignore a frame with an older one than you know.")
    error: str | None = None
    example: ClassVar = {
        "type": "job",
        "event": 1242,
        "job_id": EXAMPLE_CLIENT_ID,
        "document_id": EXAMPLE_DOCUMENT,
        "kind": "extraction",
        "state": "running",
        "pages_done": 3,
        "pages_failed": 0,
        "pages_total": 15,
        "rev": 9,
        "error": None,
    }


class Gap(Frame):
    """Events up to this one are not kept any more: load your lists again, then go on with what follows."""

    type: Literal["gap"] = "gap"
    event: int
    example: ClassVar = {"type": "gap", "event": 1300}


class Refused(Frame):
    """A frame was not accepted; `code` and `detail` are those of the HTTP API where it has the same refusal."""

    type: Literal["error"] = "error"
    code: str
    detail: str
    client_id: UUID | None = None
    retry_after: float | None = None
    example: ClassVar = {
        "type": "error",
        "code": "too_long",
        "detail": "content: String should have at most 8000 characters",
        "client_id": EXAMPLE_CLIENT_ID,
        "retry_after": None,
    }


class Pong(Frame):
    """The answer to a ping."""

    type: Literal["pong"] = "pong"
    t: int | None = None
    example: ClassVar = {"type": "pong", "t": 1763872267412}


ClientFrame = Hello | Send | Got | Read | Typing | Active | Refresh | Ping
NewsFrame = MessagePosted | Delivered | ReadUpto | JobNews | Gap
FROM_CLIENTS: tuple[type[Frame], ...] = (Hello, Send, Got, Read, Typing, Active, Refresh, Ping)
TO_CLIENTS: tuple[type[Frame], ...] = (
    Welcome,
    Ack,
    MessagePosted,
    Delivered,
    ReadUpto,
    TypingNow,
    PresenceNow,
    JobNews,
    Gap,
    Refused,
    Pong,
)
_client_frame: TypeAdapter[ClientFrame] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="type")])


class BadFrame(Exception):
    """This is no frame that clients may send."""

    def __init__(self, code: str, detail: str, client_id: UUID | None = None) -> None:
        """`client_id` is that of a message whose other fields were wrong."""
        super().__init__(detail)
        self.code, self.detail, self.client_id = code, detail, client_id


def parse(text: str) -> ClientFrame:
    """Return the frame in a text; a bare `{"recipient_id", "content"}` is a message. Raises BadFrame."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame("bad_frame", "A frame is a JSON object.") from error
    if not isinstance(data, dict):
        raise BadFrame("bad_frame", "A frame is a JSON object.")
    if "type" not in data and data.keys() >= BARE_SEND:
        data["type"] = "send"
    try:
        return _client_frame.validate_python(data)
    except ValidationError as error:
        raise _as_bad_frame(error, data) from error


def _as_bad_frame(error: ValidationError, data: dict[str, Any]) -> BadFrame:
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in fault["loc"][1:])
    code = "too_long" if (fault["type"], where) == ("string_too_long", "content") else "bad_frame"
    try:
        client_id = UUID(str(data.get("client_id")))
    except ValueError:
        client_id = None
    return BadFrame(code, f"{where}: {fault['msg']}" if where else fault["msg"], client_id)

"""The frames that a sandbox child and its parent exchange: a JSON header and byte parts, all with their lengths."""

import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

HEADER_LENGTH = struct.Struct("!I")
CHUNK_BYTES = 2**18
MAX_PAGE_BYTES = 50 * 2**20  # A page's content, words and spans together, as JSON.
REQUEST_BYTES = 2**24  # A list of all pages of a long document fits.


class BadFrame(Exception):
    """What arrived is no frame, or not the one that was asked for."""


class FrameTooLarge(BadFrame):
    """The frame's parts are longer than the receiver allows."""


@dataclass(frozen=True)
class Frame:
    """One message; `parts` travel as they are."""

    header: dict[str, Any]
    parts: tuple[bytes, ...] = ()


def encode(header: dict[str, Any], parts: Sequence[bytes] = ()) -> bytes:
    head = json.dumps({**header, "sizes": [len(part) for part in parts]}).encode()
    return b"".join([HEADER_LENGTH.pack(len(head)), head, *parts])


class FrameBuffer:
    """Bytes as they come in, frames as they are complete; nothing beyond the caps is ever kept."""

    def __init__(self, *, max_header: int, max_parts: int) -> None:
        """Caps are bytes: of the header, and of all parts of one frame together."""
        self._max_header = max_header
        self._max_parts = max_parts
        self._data = bytearray()
        self._header: dict[str, Any] | None = None
        self._sizes: list[int] = []

    @property
    def is_empty(self) -> bool:
        return self._header is None and not self._data

    def feed(self, data: bytes) -> None:
        self._data += data

    def take(self) -> Frame | None:
        """Return the next complete frame, if there is one; raises BadFrame or FrameTooLarge."""
        if self._header is None and not self._take_header():
            return None
        if self._header is None or len(self._data) < sum(self._sizes):
            return None
        frame = Frame(self._header, tuple(self._cut(size) for size in self._sizes))
        self._header = None
        return frame

    def _take_header(self) -> bool:
        if len(self._data) < HEADER_LENGTH.size:
            return False
        (length,) = HEADER_LENGTH.unpack_from(self._data)
        if length > self._max_header:
            raise BadFrame(f"A header of {length} bytes was announced.")
        if len(self._data) < HEADER_LENGTH.size + length:
            return False
        self._cut(HEADER_LENGTH.size)
        self._header, self._sizes = _parse(self._cut(length))
        if sum(self._sizes) > self._max_parts:
            raise FrameTooLarge(f"Parts of {sum(self._sizes)} bytes were announced.")
        return True

    def _cut(self, size: int) -> bytes:
        taken = bytes(memoryview(self._data)[:size])
        del self._data[:size]
        return taken


class Channel:
    """The child's end: it waits for its parent and believes it."""

    def __init__(self, connection: socket.socket) -> None:
        """Take a blocking stream socket."""
        self._connection = connection
        self._frames = FrameBuffer(max_header=REQUEST_BYTES, max_parts=0)

    def receive(self) -> Frame | None:
        """Return the next request, or None when the parent hung up."""
        while (frame := self._frames.take()) is None:
            data = self._connection.recv(CHUNK_BYTES)
            if not data:
                return None
            self._frames.feed(data)
        return frame

    def send(self, header: dict[str, Any], parts: Sequence[bytes] = ()) -> None:
        self._connection.sendall(encode(header, parts))


def _parse(head: bytes) -> tuple[dict[str, Any], list[int]]:
    try:
        header = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise BadFrame("The header is no JSON.") from error
    sizes = header.pop("sizes", None) if isinstance(header, dict) else None
    if not isinstance(sizes, list) or not all(type(size) is int and size >= 0 for size in sizes):
        raise BadFrame("The header does not say how long its parts are.")
    return header, sizes

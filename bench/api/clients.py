"""Clients that cost next to nothing themselves: requests made beforehand, over sockets that stay open."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

CHUNK = 2**20
BOUNDARY = "sheaf-bench"


class Rate(NamedTuple):
    """How many requests a second were answered, and how long the slowest twentieth took at least."""

    per_second: float
    p95_ms: float


def request(method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def rate_of(port: int, message: bytes, *, clients: int, seconds: float, status: int = 200) -> Rate:
    """Send the same request again and again over as many connections; raises RuntimeError for any other status."""
    until, waits, faults = time.perf_counter() + seconds, list[float](), list[BaseException]()

    def run() -> None:
        try:
            with Connection(port) as connection:
                while (began := time.perf_counter()) < until:
                    connection.ask(message, status=status)
                    waits.append(time.perf_counter() - began)
        except BaseException as error:  # noqa: BLE001 — it is raised again by whoever waits.
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return Rate(len(waits) / seconds, 1000 * sorted(waits)[len(waits) * 95 // 100])


class Connection:
    """One connection that is kept; answers are read to their end."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, message: bytes, *, status: int) -> bytes:
        """Return the answer's body; raises RuntimeError for any other status."""
        self._socket.sendall(message)
        return self._answer(status)

    def upload(self, path: str, *, size: int, start: bytes, headers: Mapping[str, str]) -> bytes:
        """Send a form with one file of this size, which begins so and goes on with zeros."""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n'.encode()
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()
        length = {"Content-Length": str(len(head) + size + len(tail))}
        form = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **headers, **length}
        lines = "".join(f"{name}: {value}\r\n" for name, value in form.items())
        self._socket.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode() + head)
        for piece in _pieces(size, start):
            self._socket.sendall(piece)
        self._socket.sendall(tail)
        return self._answer(202)

    def _answer(self, status: int) -> bytes:
        given = b""
        while b"\r\n\r\n" not in given:
            given += self._receive()
        head, _, body = given.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self._receive()
        if int(head.split()[1]) != status:
            raise RuntimeError(f"answered {head.splitlines()[0].decode()}: {body[:300].decode()}")
        return body

    def _receive(self) -> bytes:
        received = self._socket.recv(2**16)
        if not received:
            raise RuntimeError("the server closed the connection")
        return received


def _pieces(size: int, start: bytes) -> Iterator[bytes]:
    yield start
    blank = bytes(CHUNK)
    for at in range(len(start), size, CHUNK):
        yield blank[: min(CHUNK, size - at)]

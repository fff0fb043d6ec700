"""A program for sandbox children that answers what the process can see and do; tests run it instead of the reader."""

import errno
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import shared.page_content  # What the real program loads of the checkout, so that it is there before the rules are.
from worker.extraction import child
from worker.extraction.frames import Channel

LOADED = (shared.page_content, child)


def serve(channel: Channel) -> None:
    """Answer each request by running the probe it names."""
    while request := channel.receive():
        probe = PROBES[request.header["probe"]]
        channel.send({"answer": probe(request.header.get("given"))})


def environment(_: Any) -> dict[str, str]:
    return dict(os.environ)


def descriptors(_: Any) -> list[int]:
    return [fd for fd in range(64) if _said(partial(os.fstat, fd)) == "done"]


def connect(port: int) -> str:
    with socket.socket() as connection:
        connection.settimeout(2)
        return _said(lambda: connection.connect(("127.0.0.1", port)))


def send_datagram(port: int) -> str:
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        return _said(lambda: sender.sendto(b"?", ("127.0.0.1", port)))


def read(path: str) -> str:
    return _said(lambda: Path(path).read_bytes())


def write(path: str) -> str:
    return _said(lambda: Path(path).write_bytes(b"written"))


def signal_process(pid: int) -> str:
    return _said(lambda: os.kill(pid, 0))


def limits(_: Any) -> dict[str, int]:
    names = ("AS", "CPU", "FSIZE", "NOFILE", "CORE")
    return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] for name in names}


def identity(_: Any) -> dict[str, Any]:
    return {"is_session_leader": os.getsid(0) == os.getpid(), "uid": os.geteuid(), "parent": os.getppid()}


def modules(_: Any) -> list[str]:
    return sorted(sys.modules)


def hang(_: Any) -> None:
    signal.pause()


def _said(step: Callable[[], object]) -> str:
    try:
        step()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done"


PROBES: dict[str, Callable[[Any], object]] = {
    probe.__name__: probe
    for probe in (
        environment,
        descriptors,
        connect,
        send_datagram,
        read,
        write,
        signal_process,
        limits,
        identity,
        modules,
        hang,
    )
}

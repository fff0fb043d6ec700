"""A program for sandbox children that a hostile PDF has taken over; the password says what it does."""

import os
import resource
import signal
import time
from collections.abc import Callable

from worker.extraction.frames import HEADER_LENGTH, Channel, encode

CONTENT = b'{"text": "", "tables": []}'
SPANS = b'{"corner": [0, 0], "fonts": [], "texts": [], "places": []}'
UNSTYLED = b'{"corner": [0, 0], "fonts": [], "texts": ["a"], "places": [[0, 0, 9, 9, 0, 0]]}'
GOOD = {"number": 1, "width": 1, "height": 1, "text_layer": "full", "table_count": 0}


def serve(channel: Channel) -> None:
    """Open any PDF as one of two pages, misbehave on the first, and read the second.

    After a password that begins with `used: ` the first page is read as well, if it is the first to be asked for; after
    one with `repair: ` it misbehaves when it is asked for a repair, and with `damaged repair: ` it finds no pages.
    Where it is asked a question it misbehaves at once.
    """
    opened = channel.receive()
    if opened is None:
        return
    when, _, misdeed = opened.header["password"].rpartition(": ")
    if "question" in opened.header:
        MISDEEDS[misdeed](channel)
        return
    channel.send({"code": "damaged", "gist": "it is damaged"} if when.startswith("damaged") else {"pages": 2})
    is_good = when != ""
    while asked := channel.receive():
        if "found" in asked.header:
            if when.endswith("repair"):
                MISDEEDS[misdeed](channel)
            channel.send({"code": "unrepaired", "gist": None})
        if "check" in asked.header:
            MISDEEDS[misdeed](channel)
        for number in asked.header.get("numbers", ()):
            if number == 1 and not is_good:
                MISDEEDS[misdeed](channel)
            else:
                channel.send({**GOOD, "number": number}, (CONTENT, b"[]", SPANS))
            is_good = False


def send_raw(*data: bytes) -> Callable[[Channel], None]:
    def act(_: Channel) -> None:
        for piece in data:
            os.write(1, piece)
        time.sleep(30)

    return act


def answer(header: dict[str, object], *parts: bytes) -> Callable[[Channel], None]:
    return lambda channel: channel.send({**GOOD, **header}, parts)


def die_by(number: int) -> Callable[[Channel], None]:
    return lambda _: os.kill(os.getpid(), number)


def abort_with_memory(_: Channel) -> None:
    """End as a C library does that cannot allocate: by abort(), with the memory in use."""
    held = bytearray(resource.getrlimit(resource.RLIMIT_AS)[0] * 7 // 10)
    held[:: resource.getpagesize()] = b"x" * len(held[:: resource.getpagesize()])
    os.abort()


def use_cpu(_: Channel) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (1, 5))
    while True:
        pass


def answer_and(act: Callable[[Channel], object], *, after_s: float = 0) -> Callable[[Channel], None]:
    def answer_first(channel: Channel) -> None:
        channel.send(GOOD, (CONTENT, b"[]", SPANS))
        time.sleep(after_s)
        act(channel)

    return answer_first


def speak_unasked(channel: Channel) -> None:
    channel.send({**GOOD, "number": 2}, (CONTENT, b"[]", SPANS))


def speak_twice(_: Channel) -> None:
    """Say two things at once, which arrive together."""
    answer = encode(GOOD, (CONTENT, b"[]", SPANS))
    os.write(1, answer + answer)


def hold_memory(channel: Channel) -> None:
    """Answer with most of the memory in use, and keep it."""
    HELD.append(bytearray(b"x") * (300 * 2**20))
    channel.send(GOOD, (CONTENT, b"[]", SPANS))


def work(channel: Channel) -> None:
    """Answer after more than a second of CPU time."""
    while time.process_time() < 1.2:
        pass
    channel.send(GOOD, (CONTENT, b"[]", SPANS))


HELD: list[bytearray] = []
MISDEEDS: dict[str, Callable[[Channel], None]] = {
    "garbage": send_raw(b"\xff" * 64),
    "no JSON": send_raw(HEADER_LENGTH.pack(3), b"{{{"),
    "nested": send_raw(HEADER_LENGTH.pack(60_000), b"[" * 60_000),
    "no sizes": send_raw(HEADER_LENGTH.pack(2), b"{}"),
    "negative size": send_raw(HEADER_LENGTH.pack(14), b'{"sizes":[-1]}'),
    "huge": send_raw(HEADER_LENGTH.pack(20), b'{"sizes":[99999999]}'),
    "another page": answer({"number": 7}, CONTENT, b"[]", SPANS),
    "no parts": answer({}),
    "a web page": answer({}, b"<script>alert(1)</script>"),
    "text as width": answer({"width": "wide"}, CONTENT, b"[]", SPANS),
    "unknown layer": answer({"text_layer": "some"}, CONTENT, b"[]", SPANS),
    "many tables": answer({"table_count": 2**40}, CONTENT, b"[]", SPANS),
    "a number as reason": answer({"plain_because": 7}, CONTENT, b"[]", SPANS),
    "a long reason": answer({"plain_because": "x" * 201}, CONTENT, b"[]", SPANS),
    "a reason of lines": answer({"plain_because": "odd\nlevel=info"}, CONTENT, b"[]", SPANS),
    "words differ": lambda channel: channel.send({"differs": ["words"]}),
    "odd parts differ": lambda channel: channel.send({"differs": ["odd\nlevel=info"]}),
    "content without text": answer({}, b"{}", b"[]", SPANS),
    "words without end": answer({}, CONTENT, b"[", SPANS),
    "spans without fonts": answer({}, CONTENT, b"[]", UNSTYLED),
    "endless spans": answer({}, CONTENT, b"[]", b"{"),
    "too large": answer({"code": "too_large"}),
    "fewer pages": lambda channel: channel.send({"pages": 2}),
    "pages beyond number": lambda channel: channel.send({"pages": 2**40}),
    "leave": lambda _: os._exit(3),
    "SIGSEGV": die_by(signal.SIGSEGV),
    "SIGKILL": die_by(signal.SIGKILL),
    "SIGABRT": die_by(signal.SIGABRT),
    "abort with memory": abort_with_memory,
    "use CPU": use_cpu,
    "sleep": lambda _: time.sleep(30),
    "speak twice": speak_twice,
    "speak later": answer_and(speak_unasked, after_s=0.2),
    "leave later": answer_and(lambda _: os._exit(0), after_s=0.2),
    "hold memory": hold_memory,
    "work": work,
}

"""Measures one API process's live connections: `python -m bench.live [PAIRS] [IDLE] [SECONDS]`.

Three things, each beside a bare counterpart: messages a second of pairs that write as fast as they are answered, beside
psycopg doing the same transaction and beside echoes that store nothing; the delay from sending to the other one's
socket at a calm pace; and the memory of connections that stand idle.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.live.bare import transactions
from bench.live.clients import make_people, opened, write_in_pairs
from bench.postgres import throwaway_database
from bench.servers import running, settings_for

CALM_PAUSE_S = 2.0
FAST_PAUSE_S = 0.06  # A connection may say 20 frames a second.
LIVEZ_TIMES = 500
PEOPLE_AT_ONCE = 8  # Connections of one person, below the limit.


@dataclass(frozen=True)
class Load:
    """How many pairs write, how many connections stand idle, and for how long each thing is measured."""

    pairs: int = 50
    idle: int = 500
    seconds: int = 10


def main() -> None:
    load = Load(*map(int, sys.argv[1:]))
    with throwaway_database() as database, tempfile.TemporaryDirectory() as folder:
        settings = settings_for(database, Path(folder))
        people = make_people(database, settings, 2 * load.pairs + load.idle // PEOPLE_AT_ONCE + 1)
        raw = transactions(database.dsn, [person for person, _ in people], seconds=load.seconds / 2)
        print(f"psycopg, one connection: {raw:.0f} messages/s", flush=True)
        for kind in ("websockets", "starlette"):
            with running("bench.live.bare", kind) as (process, port):
                measure_bare(kind, process, f"ws://127.0.0.1:{port}/", people, load=load)
        with running("api", settings=settings) as (process, port):
            measure(process, f"ws://127.0.0.1:{port}/ws", people, load=load, raw=raw)


def measure_bare(kind: str, process: psutil.Process, url: str, people: list[tuple[int, str]], *, load: Load) -> None:
    pairs = people[: 2 * load.pairs]
    written = asyncio.run(write_in_pairs(url, pairs, seconds=load.seconds / 2, pause_s=0, echoes=True))
    kilobytes = asyncio.run(memory_of_idle(process, url, [None] * load.idle))
    print(f"bare {kind}: {written.per_second:.0f} echoes/s, {kilobytes:.0f} kB a connection", flush=True)


def measure(process: psutil.Process, url: str, people: list[tuple[int, str]], *, load: Load, raw: float) -> None:
    pairs, standing = people[: 2 * load.pairs], people[2 * load.pairs :]
    tokens: list[str | None] = [token for _, token in standing for _ in range(PEOPLE_AT_ONCE)]
    delays: list[float] = []
    kilobytes = asyncio.run(memory_of_idle(process, url, tokens[: load.idle], beside=lambda: ask_livez(url, delays)))
    p99 = statistics.quantiles(delays, n=100)[-1]
    print(f"Sheaf: {kilobytes:.0f} kB a connection of {load.idle} idle ones, /livez p99 {p99:.0f} ms", flush=True)
    calm = asyncio.run(write_in_pairs(url, pairs, seconds=load.seconds, pause_s=CALM_PAUSE_S))
    median, p95 = statistics.median(calm.delays_ms), statistics.quantiles(calm.delays_ms, n=20)[-1]
    print(f"Sheaf: {load.pairs} calm pairs, {median:.0f} ms to the other's socket, p95 {p95:.0f} ms", flush=True)
    cpu = sum(process.cpu_times()[:2])
    fast = asyncio.run(write_in_pairs(url, pairs, seconds=load.seconds, pause_s=FAST_PAUSE_S))
    cores = (sum(process.cpu_times()[:2]) - cpu) / load.seconds
    share = 100 * fast.per_second / raw
    print(f"Sheaf: {fast.per_second:.0f} messages/s, {share:.0f} % of psycopg, with {cores:.2f} cores in the API")


async def memory_of_idle(
    process: psutil.Process,
    url: str,
    tokens: list[str | None],
    *,
    beside: Callable[[], Awaitable[None]] | None = None,
) -> float:
    """Return by how many kB the server grows for each connection; `beside` is done while they stand there."""
    before = process.memory_info().rss
    async with AsyncExitStack() as stack:
        for token in tokens:
            await opened(stack, url, token)
        await asyncio.sleep(1)
        if beside is not None:
            await beside()
        return (process.memory_info().rss - before) / 1024 / len(tokens)


async def ask_livez(url: str, delays_ms: list[float]) -> None:
    """Time so many requests, each over a connection of its own, with pauses in between."""
    host, _, port = url.removeprefix("ws://").partition("/")[0].partition(":")
    for _ in range(LIVEZ_TIMES):
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /livez HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        await reader.read()
        delays_ms.append(1000 * (time.perf_counter() - began))
        writer.close()
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    main()

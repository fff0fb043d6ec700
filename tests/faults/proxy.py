"""A TCP proxy whose link can be made bad: slow, narrow, resetting, or silent while it stays open (half-open)."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

CHUNK_BYTES = 2**16
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: closing sends RST instead of FIN.


@dataclass(frozen=True)
class Weather:
    """What the link does to each chunk that crosses it."""

    latency_s: float = 0.0
    reset_rate: float = 0.0
    bytes_per_s: float = 0.0


FAIR = Weather()


class Proxy:
    """Listens on a port of its own for one upstream on 127.0.0.1, in a thread of its own."""

    def __init__(self, upstream_port: int, *, seed: int = 1) -> None:
        """Listen at once."""
        self._upstream_port = upstream_port
        self._random = random.Random(seed)  # noqa: S311 — Repeatable, not secret.
        self._weather = FAIR
        self._links: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.resets = 0
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def change(self, **weather: float) -> None:
        """Change some of the weather, for links that are open as well."""
        self._weather = replace(self._weather, **weather)

    def silence(self) -> None:
        """Deliver nothing more, on open links and new ones, which stay open: a black hole."""
        self._call(self._flowing.clear)

    def clear(self) -> None:
        self._weather = FAIR
        self._call(self._flowing.set)

    def sever(self) -> None:
        """Reset every open link."""
        self._call(self._reset_all)

    def close(self) -> None:
        self._call(self._loop.stop)
        self._thread.join()

    def _call(self, work: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(work)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._leave())
        self._loop.close()

    async def _leave(self) -> None:
        self._reset_all()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        try:
            upstream_in, upstream_out = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            self._reset(client_out)
            return
        both = (client_out, upstream_out)
        self._links.update(both)
        try:
            await asyncio.gather(self._pump(client_in, upstream_out), self._pump(upstream_in, client_out))
        except (OSError, asyncio.CancelledError):
            for link in both:
                self._reset(link)
        finally:
            self._links.difference_update(both)
            for link in both:
                link.close()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while chunk := await source.read(CHUNK_BYTES):
            await self._weather_for(len(chunk))
            target.write(chunk)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()

    async def _weather_for(self, size: int) -> None:
        weather = self._weather
        if self._random.random() < weather.reset_rate:
            self.resets += 1
            raise ConnectionResetError
        delay = weather.latency_s + (size / weather.bytes_per_s if weather.bytes_per_s else 0)
        if delay:
            await asyncio.sleep(delay)
        await self._flowing.wait()

    def _reset_all(self) -> None:
        for link in list(self._links):
            self._reset(link)

    def _reset(self, link: asyncio.StreamWriter) -> None:
        with suppress(OSError, AttributeError):
            link.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        link.transport.abort()

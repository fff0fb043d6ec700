"""A relay between TCP ports of this host's loopback and sockets in the file system, the only way out of a namespace."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

CHUNK_BYTES = 2**16
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Opens = Callable[[], Awaitable[Streams]]


class Relay:
    """Relays in a thread of its own, until the process ends."""

    def __init__(self, *, inwards: Mapping[Path, int], outwards: Mapping[int, Path]) -> None:
        """Listen on the sockets of `inwards` for a port each, and on the ports of `outwards` for a socket each."""
        self._inwards, self._outwards = inwards, outwards
        self._loop = asyncio.new_event_loop()
        self._is_listening = threading.Event()
        threading.Thread(target=self._run, name="relay", daemon=True).start()
        self._is_listening.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._is_listening.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        for path, port in self._inwards.items():
            await asyncio.start_unix_server(_serving(_to_port(port)), path)
        for port, path in self._outwards.items():
            await asyncio.start_server(_serving(_to_socket(path)), "127.0.0.1", port)


def _to_port(port: int) -> Opens:
    return lambda: asyncio.open_connection("127.0.0.1", port)


def _to_socket(path: Path) -> Opens:
    return lambda: asyncio.open_unix_connection(path)


def _serving(opens: Opens) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await opens()
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass(reader, back), _pass(there, writer))

    return serve


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(CHUNK_BYTES):
            target.write(data)
            await target.drain()
    target.close()

"""Serves the API on real sockets, and talks to it as live clients do."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import httpx2
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api.__main__ import OPTIONS
from api.app import create_app
from api.live.frames import TO_CLIENTS
from shared.settings import Settings
from tests.platforms import eventually
from tests.work import PASSWORD

PATIENCE_S = 20.0
MODELS = {model.model_fields["type"].default: model for model in TO_CLIENTS}


class Person:
    """Somebody with an account, at one API process."""

    def __init__(self, address: str, name: str) -> None:
        """Register, or sign in where the account exists already."""
        self.address = address
        self.http = httpx2.Client(base_url=address, timeout=40)
        email = f"{name}@example.org"
        answer = self.http.post("/register", json={"email": email, "password": PASSWORD, "name": name})
        if answer.status_code == 409:
            answer = self.http.post("/login", json={"email": email, "password": PASSWORD})
        signed_in = answer.json()
        self.token: str = signed_in["access_token"]
        self.refresh_token: str = signed_in["refresh_token"]
        self.id: int = signed_in["user"]["id"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.http.close()

    def live(self, path: str = "/ws", *, after: int | None = None, headers: dict[str, str] | None = None) -> "Talk":
        """Open a live connection, known by its header; with `after` it goes on after that event."""
        given = {"Authorization": f"Bearer {self.token}"} if headers is None else headers
        place = "" if after is None else f"?after={after}"
        return Talk(self.address.replace("http", "ws", 1) + path + place, given)

    def send(self, to: "Person", content: str, **more: Any) -> dict[str, Any]:
        answer = self.http.post("/messages", json={"recipient_id": to.id, "content": content, **more})
        assert answer.status_code in (200, 201), answer.text
        message: dict[str, Any] = answer.json()
        return message

    def news(self, after: int = 0, *, wait: float = 0) -> list[dict[str, Any]]:
        answer = self.http.get("/events", params={"after": after, "wait": wait})
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events


class Talk:
    """One live connection; each frame that is heard is checked against its model."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        """Connect at once."""
        self._stack = ExitStack()
        connecting = connect(url, additional_headers=headers, close_timeout=1)
        self.socket: ClientConnection = self._stack.enter_context(connecting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stack.close()

    def say(self, frame: dict[str, Any] | None = None, **fields: Any) -> None:
        self.socket.send(json.dumps(frame or fields))

    def frame(self, *, within_s: float = PATIENCE_S) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self.socket.recv(timeout=within_s))
        MODELS[frame["type"]].model_validate(frame)
        return frame

    def hear(self, *types: str, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Return the next frame of one of these types; others are passed over."""
        deadline = time.monotonic() + within_s
        while True:
            frame = self.frame(within_s=max(0.01, deadline - time.monotonic()))
            if frame["type"] in types:
                return frame

    def closed(self, *, within_s: float = PATIENCE_S) -> int:
        """Return the code with which the server hangs up; frames before it are passed over."""
        deadline = time.monotonic() + within_s
        with suppress(ConnectionClosed):
            while True:
                self.socket.recv(timeout=max(0.01, deadline - time.monotonic()))
        return self.socket.close_code or 0


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve the API from a thread, as `python -m api` does from a process, and give its address."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, **OPTIONS))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE_S
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One API process on a port of its own, which can be killed and started again."""

    def __init__(self, settings: Settings) -> None:
        """Start it."""
        self.address = f"http://127.0.0.1:{free_port()}"
        self._environment = {
            **os.environ,
            "DATABASE_URL": settings.database_url,
            "BROKER_URL": settings.broker_url,
            "SECRET_KEY": settings.secret_key.get_secret_value(),
            "SHEAF_DATA": str(settings.sheaf_data),
            "PORT": self.address.rpartition(":")[2],
            "BCRYPT_ROUNDS": str(settings.bcrypt_rounds),
        }
        self.start()

    def start(self) -> None:
        command = (sys.executable, "-m", "api")
        self._process = subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL)
        self.pid = self._process.pid

    def wait_ready(self) -> str:
        eventually(self._is_ready, within_s=90)
        return self.address

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _is_ready(self) -> bool:
        with suppress(httpx2.HTTPError):
            return httpx2.get(f"{self.address}/livez").status_code == 200
        return False


@contextmanager
def process(settings: Settings) -> Iterator[Process]:
    started = Process(settings)
    try:
        yield started
    finally:
        started.kill()

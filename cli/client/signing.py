"""Signs requests, and renews the token when it ends, once for all commands that run at the same time."""

import threading
from collections.abc import Generator
from http import HTTPStatus

import httpx

from cli.client import credentials
from cli.client.credentials import Credentials
from cli.client.errors import NotSignedIn


class Signer(httpx.Auth):
    """Puts the token into each request; one that the server no longer takes is renewed and the request repeated."""

    def __init__(self, found: Credentials) -> None:
        """Begin with what was found."""
        self._found = found
        self._lock = threading.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Raises NotSignedIn when the session has ended."""
        with self._lock:
            if self._found.is_ending:
                yield from self._renew(self._found)
            used = self._found
        response = yield self._signed(request, used)
        if response.status_code == HTTPStatus.UNAUTHORIZED and used.refresh_token:
            with self._lock:
                yield from self._renew(used)
            yield self._signed(request, self._found)

    def _signed(self, request: httpx.Request, found: Credentials) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {found.access_token}"
        return request

    def _renew(self, used: Credentials) -> Generator[httpx.Request, httpx.Response, None]:
        """Take the next tokens, unless another thread or command has done so."""
        if self._found != used:
            return
        with credentials.alone():
            latest = credentials.kept()
            if latest and latest.url == used.url and latest.access_token != used.access_token:
                self._found = latest
                return
            answer = yield httpx.Request("POST", f"{used.url}/refresh", json={"refresh_token": used.refresh_token})
            answer.read()
            if answer.is_error:
                raise NotSignedIn("Your sign-in has ended.")
            self._found = Credentials.from_answer(used.url, answer.json())
            credentials.keep(self._found)

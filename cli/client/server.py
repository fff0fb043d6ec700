"""The API at an address: repeats requests while it is away, gives problems as sentences, walks lists to the end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from cli.client.errors import UNAUTHENTICATED, NotSignedIn, Refused, Unreachable
from cli.client.signing import Signer

TIMEOUT = httpx.Timeout(60, connect=5)
PATIENCE_S = 20.0
DELAYS_S = (0.5, 1, 2, 4, 8)
PASSING = frozenset({429, 502, 503, 504})
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
LIST_LIMIT = 100
OWN_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


class Server:
    """One account's view of the API, or nobody's without a signer; every method may be called from any thread."""

    def __init__(self, address: str, signer: Signer | None = None) -> None:
        """Connect lazily; a proxy of the environment is not asked for what is on this machine."""
        self.address = address
        is_near = urlsplit(address).hostname in OWN_MACHINE
        self._http = httpx.Client(base_url=address, auth=signer, timeout=TIMEOUT, trust_env=not is_near)

    def __enter__(self) -> Self:
        """Use it as a context, which closes the connections."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def sign_in(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        """Speak for an account from now on: `/login` or `/register`."""
        signed_in = self.json("POST", path, json=body)
        self._http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        return signed_in

    def json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self.request(method, path, **options)
        body: dict[str, Any] = answer.json() if answer.content else {}
        return body

    def request(self, method: str, path: str, *, patience_s: float | None = None, **options: Any) -> httpx.Response:
        """Return the answer; raises Refused, Unreachable or NotSignedIn.

        While the server is away it is asked again for so long; without being told, only what does nothing twice.
        """
        if patience_s is None:
            patience_s = PATIENCE_S if method in REPEATABLE else 0
        return _patiently(lambda: self._once(method, path, options), patience_s)

    def walk(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield every item of a list, asking for more as they are taken."""
        cursor = None
        while True:
            asked = {"limit": LIST_LIMIT, **parameters, **({"cursor": cursor} if cursor else {})}
            answer = self.json("GET", path, params=asked)
            yield from answer["data"]
            cursor = answer["next"]
            if cursor is None:
                return

    @contextmanager
    def stream(self, path: str, **parameters: Any) -> Iterator[httpx.Response]:
        """Give an answer whose body is read as it comes."""
        with self._http.stream("GET", path, params=parameters) as response:
            if response.is_error:
                response.read()
                raise _refusal(response)
            yield response

    def _once(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise Unreachable(f"Nothing answers at {self.address}: {error or type(error).__name__}.") from error
        if response.is_error:
            raise _refusal(response)
        return response


def _patiently(send: Callable[[], httpx.Response], patience_s: float) -> httpx.Response:
    """Repeat what may pass by itself, as late as the server asks, as long as patience lasts."""
    deadline = time.monotonic() + patience_s
    delays_s = chain(DELAYS_S, repeat(DELAYS_S[-1]))
    while True:
        try:
            return send()
        except (Refused, Unreachable) as error:
            delay_s = next(delays_s)
            if isinstance(error, Refused):
                if error.status not in PASSING:
                    raise
                delay_s = error.retry_after_s or delay_s
            if time.monotonic() + delay_s > deadline:
                raise
        time.sleep(delay_s)


def _refusal(response: httpx.Response) -> Refused | NotSignedIn:
    try:
        problem = response.json()
        said, code = str(problem.get("detail") or problem["title"]), str(problem.get("code", ""))
    except (ValueError, KeyError, AttributeError):
        said, code = f"The server answered {response.status_code}.", ""
    if response.status_code == UNAUTHENTICATED and code != "invalid_credentials":
        return NotSignedIn(said)
    after = response.headers.get("Retry-After", "")
    return Refused(response.status_code, said, code=code, retry_after_s=float(after) if after.isdecimal() else None)

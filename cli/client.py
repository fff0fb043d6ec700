"""Speaks to the API over HTTP as any client could: accounts, uploads, waiting for results."""

from pathlib import Path
from typing import Any, Self

import httpx

WAIT_S = 10
TIMEOUT = httpx.Timeout(30, connect=5)
FINAL_STATES = frozenset({"succeeded", "partial", "failed", "canceled"})


class Refused(Exception):
    """The API did not do what was asked; the message is what it said."""

    def __init__(self, status: int, said: str) -> None:
        """Keep the HTTP status for callers that go on from it."""
        super().__init__(said)
        self.status = status


class Client:
    """One account's view of the API at an address."""

    def __init__(self, address: str) -> None:
        """Begin without an account."""
        self._http = httpx.Client(base_url=address, timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        """Use it as a context, which closes the connections."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def register(self, email: str, *, password: str, name: str) -> None:
        self._sign_in("/register", {"email": email, "password": password, "name": name})

    def login(self, email: str, *, password: str) -> None:
        self._sign_in("/login", {"email": email, "password": password})

    def upload(self, file: Path) -> dict[str, Any]:
        with file.open("rb") as stream:
            return self._json("POST", "/documents", files={"file": (file.name, stream, "application/pdf")})

    def next_state(self, document: dict[str, Any]) -> dict[str, Any]:
        """Wait until the document is another than this one, for some seconds at most."""
        parameters = {"wait": WAIT_S, "rev": document["rev"]}
        return self._json("GET", f"/documents/{document['id']}", params=parameters)

    def text(self, document_id: str) -> str:
        return self._request("GET", f"/documents/{document_id}/text", params={"format": "plain"}).text

    def tables(self, document_id: str) -> list[dict[str, Any]]:
        answer: Any = self._request("GET", f"/documents/{document_id}/tables").json()
        found: list[dict[str, Any]] = answer["data"] if isinstance(answer, dict) else answer
        return found

    def _sign_in(self, path: str, body: dict[str, str]) -> None:
        token = self._json("POST", path, json=body)["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        body: dict[str, Any] = self._request(method, path, **options).json()
        return body

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        response = self._http.request(method, path, **options)
        if response.is_error:
            raise Refused(response.status_code, _said(response))
        return response


def _said(response: httpx.Response) -> str:
    try:
        problem = response.json()
        return str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, AttributeError):
        return f"The server answered {response.status_code}."

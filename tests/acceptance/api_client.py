"""A small HTTP client for journeys through a whole platform."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.canaries import MAIL_BODY
from tests.work import PASSWORD

TERMINAL = ("succeeded", "partial", "failed", "canceled")


class ApiClient:
    """One signed-in user of a platform."""

    def __init__(self, address: str, name: str = "Journey") -> None:
        """Register a new account at this address."""
        self._http = httpx.Client(base_url=address, timeout=60)
        body = {"email": f"{uuid4().hex[:12]}@example.org", "password": PASSWORD, "name": name}
        signed_in = self._http.post("/register", json=body).raise_for_status().json()
        self._http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        self.user: dict[str, Any] = signed_in["user"]

    def close(self) -> None:
        self._http.close()

    def upload(self, content: bytes | Path, *, name: str = "x.pdf", **fields: str) -> dict[str, Any]:
        data = content.read_bytes() if isinstance(content, Path) else content
        answer = self._http.post("/documents", files={"file": (name, data)}, data=fields)
        assert answer.status_code == 202, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def offers(self, content: bytes) -> bool:
        """Upload and say whether the answer promised anything; the server may be gone."""
        try:
            answer = self._http.post("/documents", files={"file": ("x.pdf", content)})
        except httpx.TransportError:
            return False
        return answer.status_code in (200, 202)

    def mail(self, subject: str) -> None:
        """Queue a mail to oneself."""
        body = {"to": self.user["email"], "subject": subject, "body": MAIL_BODY}
        self._http.post("/emails", json=body).raise_for_status()

    def get(self, path: str, **params: Any) -> Any:
        return self._http.get(path, params=params).raise_for_status().json()

    def fetch(self, path: str, **params: Any) -> httpx.Response:
        """Return the answer, whatever it is."""
        return self._http.get(path, params=params)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self._http.post(path, json=body or None)

    def delete(self, path: str) -> httpx.Response:
        return self._http.delete(path)

    def text(self, document: dict[str, Any]) -> str:
        return self._http.get(f"/documents/{document['id']}/text").raise_for_status().text

    def wait(self, document: dict[str, Any], *, rounds: int = 10) -> dict[str, Any]:
        """Wait for the end of a document's job, up to 30 s a round."""
        for _ in range(rounds):
            found: dict[str, Any] = self.get(f"/documents/{document['id']}", wait=30)
            if found["status"] in TERMINAL:
                return found
        raise AssertionError(f"{document['id']} did not end: {found}")

    def wait_all(self, documents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [self.wait(document) for document in documents]

    def pages(self, document: dict[str, Any], *, at_most: int = sys.maxsize) -> list[dict[str, Any]]:
        """Return the pages that were read, from the first on, with their words."""
        count = min(at_most, document["job"]["progress"]["pages_total"] or 0)
        return [
            self.get(f"/documents/{document['id']}/pages/{number}", include="words") for number in range(1, count + 1)
        ]

"""Users of a stage: good clients, who send again under the same key until they are answered, and write all down."""

import hashlib
import time
from typing import Any
from uuid import uuid4

import httpx

from tests.faults.journal import Entry, Journal, Stopwatch
from tests.work import PASSWORD

PATIENCE_S = 150.0
PAUSE_S = 0.25
LONGEST_PAUSE_S = 2.0
WORTH_A_RETRY = (0, 409, 429, 500, 502, 503, 504, 507)
TIMEOUT = httpx.Timeout(30, connect=10)


class User:
    """One account with one connection pool, used by one thread at a time or by several."""

    def __init__(self, address: str, journal: Journal, *, prefix: str = "user") -> None:
        """Register; the account's name starts with the prefix."""
        self.email = f"{prefix}-{uuid4().hex[:10]}@example.org"
        self.journal = journal
        self._http = httpx.Client(base_url=address, timeout=TIMEOUT, limits=httpx.Limits(max_connections=50))
        self._http.headers["Authorization"] = f"Bearer {self._register()}"

    def close(self) -> None:
        self._http.close()

    def upload(self, content: bytes, *, key: str | None = None, patience_s: float = PATIENCE_S) -> Entry:
        """Send a file until it is accepted or refused for good; every try has its line in the journal."""
        key = key or uuid4().hex
        deadline = time.monotonic() + patience_s
        while True:
            entry = self.try_upload(content, key=key)
            if entry.status not in WORTH_A_RETRY or time.monotonic() > deadline:
                return entry
            time.sleep(min(LONGEST_PAUSE_S, float(entry.retry_after or PAUSE_S)))

    def try_upload(self, content: bytes, *, key: str) -> Entry:
        watch = Stopwatch()
        answer = self._send("POST", "/documents", files={"file": ("x.pdf", content)}, headers={"Idempotency-Key": key})
        body = _body(answer)
        return self.journal.write(
            Entry(
                verb="upload",
                key=key,
                status=answer.status_code if answer is not None else 0,
                began=watch.began,
                took_s=watch.took_s(),
                sha256=hashlib.sha256(content).hexdigest(),
                user=self.email,
                document_id=body.get("id", ""),
                job_id=body.get("job", {}).get("id", ""),
                said=body.get("code", ""),
                retry_after=answer.headers.get("Retry-After", "") if answer is not None else "",
            )
        )

    def look(self, path: str = "/jobs?limit=1") -> Entry:
        return self._noted("look", "GET", path)

    def act(self, method: str, path: str) -> Entry:
        return self._noted("act", method, path)

    def get(self, path: str) -> Any:
        return self._http.get(path).raise_for_status().json()

    def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        return self._http.request(method, path, **given)

    def _noted(self, verb: Any, method: str, path: str) -> Entry:
        watch = Stopwatch()
        answer = self._send(method, path)
        status = answer.status_code if answer is not None else 0
        took = watch.took_s()
        said = _body(answer).get("code", "")
        return self.journal.write(
            Entry(verb=verb, key=f"{method} {path}", status=status, began=watch.began, took_s=took, said=said)
        )

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response | None:
        try:
            return self._http.request(method, path, **given)
        except httpx.TransportError:
            return None

    def _register(self) -> str:
        body = {"email": self.email, "password": PASSWORD, "name": "Fault"}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self._send("POST", "/register", json=body)
            if answer is not None and answer.status_code == httpx.codes.CREATED:
                return str(answer.json()["access_token"])
            assert time.monotonic() < deadline, "nobody could register"
            time.sleep(PAUSE_S)


def _body(answer: httpx.Response | None) -> dict[str, Any]:
    if answer is None or "json" not in answer.headers.get("content-type", ""):
        return {}
    body = answer.json()
    return body if isinstance(body, dict) else {}

"""Clients that keep uploads in flight and take every page's text, words and tables, of the platform and of the service.

They speak HTTP by the standard library, because they compete for the cores with what they measure.
"""

import json
import threading
from collections.abc import Mapping
from http.client import HTTPConnection
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from bench.pipeline.samples import Sample
from bench.readers import WORD_FIELDS, Page

BOUNDARY = "a-boundary-that-is-in-no-pdf-f3a0c1"
PASSWORD = "a password for measurements"
WAIT_S = 30
TIMEOUT_S = 600


class Refused(Exception):
    """The server answered that it will not."""


class Connection:
    """An address, with a connection for each thread."""

    def __init__(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        """Connect when something is asked."""
        self._address = urlsplit(address).netloc
        self._headers = headers or {}
        self._mine = threading.local()

    def get(self, path: str) -> bytes:
        return self._ask("GET", path)

    def post(self, path: str, body: object) -> Any:
        return json.loads(self._ask("POST", path, json.dumps(body).encode(), "application/json"))

    def upload(self, path: str, sample: Sample) -> bytes:
        part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{sample.path.name}"\r\n'
        body = f"{part}Content-Type: application/pdf\r\n\r\n".encode() + sample.path.read_bytes()
        end = f"\r\n--{BOUNDARY}--\r\n".encode()
        return self._ask("POST", path, body + end, f"multipart/form-data; boundary={BOUNDARY}")

    def close(self) -> None:
        """Close this thread's connection."""
        if connection := vars(self._mine).pop("connection", None):
            connection.close()

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> bytes:
        connection = vars(self._mine).setdefault("connection", HTTPConnection(self._address, timeout=TIMEOUT_S))
        headers = {**self._headers, **({"Content-Type": kind} if kind else {})}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said: bytes = answer.read()
        if answer.status >= 400:
            raise Refused(f"{method} {path}: {answer.status} {said[:200]!r}")
        return said


class ServiceClient:
    """Uploads to the service, each over a connection of its own, which spreads them over its workers."""

    def __init__(self, address: str) -> None:
        """Know the address."""
        self._connection = Connection(address)

    def take(self, sample: Sample) -> list[bytes]:
        try:
            return [self._connection.upload("/extract", sample)]
        finally:
            self._connection.close()

    @staticmethod
    def pages(answers: list[bytes]) -> list[Page]:
        return [
            Page(page["text"], [{name: word[name] for name in WORD_FIELDS} for word in page["words"]], page["tables"])
            for page in json.loads(answers[0])
        ]


class PlatformClient:
    """Uploads to the platform and fetches each page; copies of a file belong to different accounts.

    An account that uploads the same file again would get the document that it has.
    """

    def __init__(self, address: str, *, accounts: int, named: str, with_words: bool = True) -> None:
        """Make the accounts, whose addresses begin with `named`."""
        self._with_words = with_words
        self._accounts = [_account(address, f"{named}-{number}@example.org") for number in range(accounts)]

    def take(self, sample: Sample) -> list[bytes]:
        account = self._accounts[sample.copy]
        card = json.loads(account.upload(f"/documents?wait={WAIT_S}", sample))
        while not card["job"]["done"]:
            card = json.loads(account.get(f"/documents/{card['id']}?wait={WAIT_S}"))
        if card["status"] != "succeeded":
            raise Refused(f"{sample.path.name}: the job ended as {card['status']}, {card['job']['error']}")
        below = f"/documents/{card['id']}/pages"
        words = "&include=words" if self._with_words else ""
        return [account.get(f"{below}?after={after}&limit=100{words}") for after in range(0, card["page_count"], 100)]

    @staticmethod
    def pages(answers: list[bytes]) -> list[Page]:
        said = map(json.loads, answers)
        rows = chain.from_iterable(answer.get("data", [answer]) for answer in said)
        return [Page(page["text"], page.get("words", ()), [table["rows"] for table in page["tables"]]) for page in rows]


def _account(address: str, email: str) -> Connection:
    connection = Connection(address)
    try:
        made = connection.post("/register", {"email": email, "password": PASSWORD, "name": "Bench"})
    finally:
        connection.close()
    return Connection(address, {"Authorization": f"Bearer {made['access_token']}"})

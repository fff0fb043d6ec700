"""Idempotency-Key on requests that create something: the work is done once, and a replay gets the same answer.

A JSON route names `Once` among its arguments and does its work through it:

    def retry_job(request: Request, job_id: UUID, user: DetachedUser, once: Once) -> Response:
        return once.answer(lambda session: ...)

A route that streams its body names `OnceStreamed` instead, and says with `asking` what the body came to.
"""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from sqlmodel import Session

from api.identity import DetachedUser
from api.in_flight import IdempotencyInFlight
from api.resources import Resources, Shared
from shared import idempotency
from shared.errors import InvalidField
from shared.idempotency import Claim
from shared.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Content-Type", "Location", "Retry-After", "ETag", "Cache-Control")
REPLAYED_HEADER = {
    REPLAYED: {
        "description": f"There when this is the kept answer of an earlier request with the same {HEADER}.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
GivenKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=255,
        pattern="^[ -~]+$",
        description="Makes a repeated request safe: for a day it does its work once and repeats the first answer.",
        examples=["7d0d5d3e-1f4a-4c4e-9d8e-5b1c5f0c2a11"],
    ),
]


class IdempotencyMismatch(InvalidField):
    """This Idempotency-Key was used for another request."""

    code = "idempotency_mismatch"


REFUSALS = (IdempotencyMismatch, IdempotencyInFlight)


@dataclass(frozen=True)
class OneAnswer:
    """One request and its key, None without one; `asked` is what has to be the same when the key comes again."""

    resources: Resources
    owner_id: int
    key: str | None
    asked: tuple[Any, ...] = ()

    def asking(self, *asked: Any) -> "OneAnswer":
        """Return the same with what is asked for, as plain JSON data."""
        return replace(self, asked=asked)

    def answer(self, work: Callable[[Session], Response]) -> Response:
        """Do the work and keep its answer in one transaction, or return the answer that was kept.

        `work` gets the open session. A refusal, raised or returned, is not kept. Blocks: an async route calls it in a
        thread. Raises IdempotencyMismatch.
        """
        with self.resources.database.unit_of_work() as session:
            if self.key is None:
                return work(session)
            held = self._claim(self.key)
            kept = idempotency.claim(session, held)
            if kept is not None:
                return _replay(kept, held)
            answer = work(session)
            _keep(session, held, answer)
            return answer

    def amend(self, answer: Response) -> None:
        """Keep another answer than the first, because another one is about to be sent."""
        if self.key is not None:
            with self.resources.database.unit_of_work() as session:
                _keep(session, self._claim(self.key), answer)

    def is_known(self, session: Session) -> bool:
        """Say whether the key has an answer, so that this request will make nothing new."""
        return self.key is not None and idempotency.is_known(session, self.owner_id, self.key)

    def _claim(self, key: str) -> Claim:
        """Fingerprint what is asked for; keyed, because a password may be part of it and could be guessed."""
        asked_for = json.dumps(self.asked, sort_keys=True).encode()
        secret = self.resources.settings.secret_key.get_secret_value().encode()
        return Claim(self.owner_id, key, hmac.digest(secret, b"sheaf idempotency\0" + asked_for, hashlib.sha256))


async def _once_streamed(user: DetachedUser, resources: Shared, key: GivenKey = None) -> AsyncIterator[OneAnswer]:
    async with resources.in_flight.holding(user.id or 0, key) if key else nullcontext():
        yield OneAnswer(resources, user.id or 0, key)


# The key is let go when the route's function is over, so that a replay can follow the answer at once.
OnceStreamed = Annotated[OneAnswer, Depends(_once_streamed, scope="function")]


async def _once(request: Request, once: OnceStreamed) -> OneAnswer:
    asked = request.method, request.url.path, sorted(request.query_params.multi_items()), _plain(await request.body())
    return once.asking(*asked)


Once = Annotated[OneAnswer, Depends(_once, scope="function")]


def _plain(body: bytes) -> Any:
    """Return the meaning of a JSON body: spaces and the order of its members make no other request."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("latin-1")


def _keep(session: Session, held: Claim, answer: Response) -> None:
    if answer.status_code >= 300:
        idempotency.release(session, held)
        return
    headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    idempotency.keep(session, held, status=answer.status_code, headers=headers, body=bytes(answer.body))


def _replay(kept: IdempotencyKey, wanted: Claim) -> Response:
    if not hmac.compare_digest(kept.fingerprint, wanted.fingerprint):
        raise IdempotencyMismatch(f"/{HEADER}", "Send this request with a key of its own.")
    return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})

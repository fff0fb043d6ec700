"""What an API key may do: each route belongs by its last tag to a row of one table, and what is in none is refused.

Access tokens of people have no scopes: they may do whatever their account may.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from starlette.requests import HTTPConnection

from shared.errors import Forbidden
from shared.models import Scope

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
EVERY = frozenset(Scope)
NONE: frozenset[Scope] = frozenset()


class Needed(NamedTuple):
    """The scopes of which one is needed to read, and to change something."""

    reading: frozenset[Scope]
    changing: frozenset[Scope]


DOCUMENTS = Needed(frozenset({Scope.DOCUMENTS_READ}), frozenset({Scope.DOCUMENTS_WRITE}))
CHAT = Needed(frozenset({Scope.CHAT}), frozenset({Scope.CHAT}))
# A key that could make keys, or change a password, would be as good as the account.
NEEDED: Mapping[str, Needed] = {
    "accounts": Needed(EVERY, NONE),
    "sessions": Needed(NONE, NONE),
    "api keys": Needed(NONE, NONE),
    "people": CHAT,
    "documents": DOCUMENTS,
    "jobs": DOCUMENTS,
    "tables": DOCUMENTS,
    "search": DOCUMENTS,
    "emails": DOCUMENTS,
    "events": Needed(frozenset({Scope.DOCUMENTS_READ, Scope.CHAT}), NONE),
    "chat": CHAT,
    "administration": Needed(frozenset({Scope.ADMIN}), frozenset({Scope.ADMIN})),
}


class ScopeMissing(Forbidden):
    """This API key may not do this."""

    code = "scope_missing"


def check_scopes(request: HTTPConnection, given: Collection[str]) -> None:
    """Let a key with these scopes pass to the route that was found; raises ScopeMissing."""
    needed = _needed(request.scope)
    if needed.isdisjoint(given):
        detail = f"It needs the scope {' or '.join(sorted(needed))}" if needed else "No key may; sign in"
        raise ScopeMissing(f"{detail}; this key has {', '.join(sorted(given))}.")


def _needed(scope: Mapping[str, Any]) -> frozenset[Scope]:
    needed = NEEDED.get(_tag(scope), Needed(NONE, NONE))
    return needed.reading if scope.get("method") in SAFE_METHODS else needed.changing


def _tag(scope: Mapping[str, Any]) -> str:
    """Return the last tag of the route that was found; that of the WebSocket has none, and belongs to chat."""
    if scope["type"] == "websocket":
        return "chat"
    tags = getattr(scope.get("route"), "tags", None) or [""]
    return str(tags[-1])

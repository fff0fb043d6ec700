"""What belongs to one user is unknown to all others: every route with an id in its path is tried with a stranger's."""

from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2
import pytest
from fastapi.testclient import TestClient

from tests.description import described
from tests.pdf_files import table_pdf
from tests.work import PASSWORD, Bench, sign_in, uploaded

METHODS = ("get", "post", "put", "patch", "delete")
# What stands for each parameter of a path: the victim's ids, and numbers that are there in the victim's document.
VALUES: dict[str, Callable[[dict[str, Any]], object]] = {
    "document_id": lambda card: card["id"],
    "job_id": lambda card: card["job"]["id"],
    "session_id": lambda card: card["session_id"],
    "key_id": lambda card: card["key_id"],
    "user_id": lambda card: card["reader_id"],
    "number": lambda _: 1,
}
# Bodies and queries without which a route would refuse the request before it looks at whose the thing is.
BODIES: dict[str, dict[str, Any]] = {"renameDocument": {"filename": "x"}, "createJob": {}}
QUERIES: dict[str, dict[str, Any]] = {}
# Routes whose ids are not a user's own, each with the reason.
NOT_OWNED: dict[str, str] = {
    "markRead": "Whom somebody talks to is no secret of theirs; what is marked are one's own messages.",
    "getConversation": "Everybody may write to everybody; what is shown are one's own messages.",
    "updateAccount": "For administrators, to whom all accounts are known; others get 403 whatever the id.",
    "getAnyJob": "As above.",
    "retryAnyJob": "As above.",
}


class Route(NamedTuple):
    """One operation with parameters in its path."""

    method: str
    path: str
    operation: str
    parameters: tuple[str, ...]


def routes() -> list[Route]:
    return [
        Route(
            method,
            path,
            item[method]["operationId"],
            tuple(one["name"] for one in item[method].get("parameters", ()) if one["in"] == "path"),
        )
        for path, item in described()["paths"].items()
        for method in METHODS
        if method in item and "{" in path and item[method]["operationId"] not in NOT_OWNED
    ]


ROUTES = routes()


def ask(client: TestClient, route: Route, card: dict[str, Any]) -> httpx2.Response:
    unknown = set(route.parameters) - VALUES.keys()
    assert not unknown, f"{route.path} has {unknown}: say in VALUES what the victim's is, or in NOT_OWNED why not."
    path = route.path.format(**{name: VALUES[name](card) for name in route.parameters})
    body = BODIES.get(route.operation)
    return client.request(route.method.upper(), path, json=body, params=QUERIES.get(route.operation))


@pytest.fixture
def victims(client: TestClient, bench: Bench) -> dict[str, Any]:
    """The document of the user who is signed in, read and shared with a reader; its job; a further session; a key."""
    reader = sign_in(client, "reader@example.org").get("/users/me").json()["id"]
    account = {"email": "ada@example.org", "password": PASSWORD}
    card = uploaded(sign_in(client, account["email"]), table_pdf())
    bench.run_all()
    message = {"recipient_id": reader, "content": "Look at this.", "document_id": card["id"]}
    assert client.post("/messages", json=message).status_code == 201
    key = client.post("/api-keys", json={"name": "a key", "scopes": ["documents:read"]})
    assert key.status_code == 201, key.text
    client.post("/login", json=account).raise_for_status()
    other = next(session for session in client.get("/sessions").json()["data"] if not session["current"])
    return {**card, "reader_id": reader, "key_id": key.json()["id"], "session_id": other["id"]}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_stranger_gets_404(client: TestClient, victims: dict[str, Any], route: Route) -> None:
    mine = client.headers["Authorization"]
    sign_in(client, "eve@example.org")
    stranger = ask(client, route, victims)
    assert (stranger.status_code, stranger.headers["content-type"]) == (404, "application/problem+json")
    assert stranger.json()["code"].endswith("_not_found")
    client.headers["Authorization"] = mine
    owner = ask(client, route, victims)
    assert owner.status_code != 404, "Not even the owner is served: this route proves nothing."
    assert owner.status_code != 422, "Say in BODIES or QUERIES what this route needs."


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_nobody_gets_401(client: TestClient, route: Route) -> None:
    made_up = "01890000-0000-7000-8000-000000000000"
    unknown = {"id": made_up, "job": {"id": made_up}, "session_id": made_up, "key_id": made_up, "reader_id": 1}
    assert ask(client, route, unknown).status_code == 401


def test_the_routes_are_those_of_the_api() -> None:
    assert {"getDocument", "deleteDocument", "getFile", "getPage", "exportDocument", "cancelJob"} <= {
        route.operation for route in ROUTES
    }


def test_lists_have_nothing_of_others(client: TestClient, victims: dict[str, Any]) -> None:
    assert client.get("/documents").json()["total"] == 1
    sign_in(client, "eve@example.org")
    for path, query in (("/documents", {}), ("/jobs", {}), ("/search", {"q": "table"})):
        assert client.get(path, params=query).json()["data"] == [], path
    assert client.get("/search", params={"q": "table", "document_id": victims["id"]}).status_code == 404

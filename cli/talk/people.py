"""Who is meant, and by what name messages call them."""

from typing import Any

from cli.client.errors import WrongUse
from cli.client.server import Server


def find_person(server: Server, wanted: str) -> dict[str, Any]:
    """Return the user with this number, e-mail address or name; raises WrongUse unless there is exactly one."""
    if wanted.isdecimal():
        return {"id": int(wanted), "name": f"user {wanted}", "email": ""}
    people = list(server.walk("/users", q=wanted))
    exact = [one for one in people if wanted.casefold() in (one["email"].casefold(), one["name"].casefold())]
    found = exact or people
    if len(found) != 1:
        several = ", ".join(one["email"] for one in found[:5])
        raise WrongUse(f"Several people are called {wanted}: {several}." if found else f"Nobody is called {wanted}.")
    return found[0]


class Names:
    """The names of the people one writes with, asked for again when somebody new writes."""

    def __init__(self, server: Server) -> None:
        """Nothing was asked yet."""
        self._server = server
        self._names: dict[int, str] = {}
        me = server.json("GET", "/users/me")
        self.own_id = int(me["id"])

    def __call__(self, user_id: int) -> str:
        """Return what a line calls this user."""
        if user_id == self.own_id:
            return "you"
        if user_id not in self._names:
            people = [one["user"] for one in self._server.walk("/conversations")]
            self._names = {one["id"]: one["name"] for one in people}
        return self._names.setdefault(user_id, f"user {user_id}")

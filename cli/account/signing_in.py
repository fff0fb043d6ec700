"""`sheaf login`, `logout` and `whoami`."""

import getpass
import os
import sys

from cli.client import credentials
from cli.client.credentials import Credentials
from cli.client.errors import CommandFailed, NotSignedIn, WrongUse
from cli.client.server import Server
from cli.client.signing import Signer
from cli.client.terminal import line, note, record


def login(*, url: str | None, email: str | None, as_json: bool) -> int:
    """Ask for what is not given, sign in, and keep the tokens."""
    address = credentials.plain(url) if url else credentials.default_url()
    email = email or _ask(f"E-mail address at {address}: ", "--email")
    password = os.environ.get("SHEAF_PASSWORD") or _ask_password()
    with Server(address) as server:
        signed_in = server.json("POST", "/login", json={"email": email, "password": password})
    credentials.keep(Credentials.from_answer(address, signed_in))
    user = signed_in["user"]
    if as_json:
        record({**user, "url": address})
    else:
        note(f"signed in at {address} as {user['email']}.")
    return 0


def logout(*, as_json: bool) -> int:
    """End the session on the server as well, if it can be reached."""
    found = credentials.kept()
    if found is None:
        raise NotSignedIn
    try:
        with Server(found.url, Signer(found)) as server:
            server.request("POST", "/logout")
        is_ended = True
    except NotSignedIn:
        is_ended = True
    except CommandFailed as failure:
        note(f"{failure} Your session there lasts until it ends by itself.")
        is_ended = False
    credentials.forget()
    if as_json:
        record({"url": found.url, "ended": is_ended})
    else:
        note(f"signed out at {found.url}.")
    return 0


def whoami(server: Server, *, as_json: bool) -> int:
    user = server.json("GET", "/users/me")
    if as_json:
        record({**user, "url": server.address})
    else:
        line(user["email"], user["name"], user["role"], server.address)
    return 0


def _ask(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise WrongUse(f"There is no terminal to ask at; give {option}.")
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise WrongUse("There is no terminal to ask at; set SHEAF_PASSWORD.")
    return getpass.getpass("Password: ")

"""`sheaf admin users`: the accounts of an installation, over HTTP."""

from cli.client.server import Server
from cli.client.terminal import line, record


def list_users(server: Server, *, words: str | None, as_json: bool) -> int:
    """Print an account a line, the newest first."""
    for user in server.walk("/admin/users", **({"q": words} if words else {})):
        if as_json:
            record(user)
        else:
            state = "" if user["active"] else "switched off"
            line(user["id"], f"{user['role']:<5}", user["email"], user["name"], f"{user['storage_used']} bytes", state)
    return 0

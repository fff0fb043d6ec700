"""`sheaf admin actions`: what administrators did, over HTTP."""

from cli.client.server import Server
from cli.client.terminal import line, record

COMMAND_LINE = "command line"


def list_actions(server: Server, *, account: int | None, as_json: bool) -> int:
    """Print an action a line, the newest first."""
    for action in server.walk("/admin/actions", **({"account_id": account} if account else {})):
        if as_json:
            record(action)
        else:
            who = COMMAND_LINE if action["admin_id"] is None else f"admin {action['admin_id']}"
            whom = "" if action["account_id"] is None else f"account {action['account_id']}"
            line(action["at"], who, action["deed"], whom, action["target"], action["details"] or "")
    return 0

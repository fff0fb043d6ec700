"""`sheaf admin queues`: what waits and runs, and who works, over HTTP."""

from typing import Any

from cli.client.errors import EX_FAILED
from cli.client.server import Server
from cli.client.terminal import line, note, record

COUNTS = ("waiting", "dispatched", "running", "lost")


def show_queues(server: Server, *, as_json: bool) -> int:
    """Print a queue and a worker a line; 1 when nothing that is queued can start."""
    found = server.json("GET", "/admin/queues")
    if as_json:
        record(found)
    else:
        _print(found)
    troubles = _troubles(found)
    for trouble in troubles:
        note(trouble)
    return EX_FAILED if troubles else 0


def _print(found: dict[str, Any]) -> None:
    for queue in found["queues"]:
        counted = [f"{queue[name]} {name}" for name in COUNTS]
        age = queue["oldest_age_s"]
        line(f"{queue['name']:<12}", *counted, "" if age is None else f"oldest {age:.0f} s")
    for worker in found["workers"]:
        state = "alive" if worker["alive"] else f"silent for {worker['heartbeat_age_s']:.0f} s"
        line(f"{worker['pool']:<12}", worker["id"], f"{worker['running']} of {worker['slots']} slots", state)
    line(f"{found['failed_24h']} jobs failed within 24 hours")


def _troubles(found: dict[str, Any]) -> list[str]:
    faults = {
        "the broker cannot be reached.": not found["broker"]["reachable"],
        "no dispatcher leads: start one.": not found["dispatcher"]["leads"],
        "no worker is alive: start one.": not any(worker["alive"] for worker in found["workers"]),
    }
    return [sentence for sentence, is_so in faults.items() if is_so]

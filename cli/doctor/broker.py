"""Whether the broker answers, and keeps what it is given until somebody takes it."""

from collections.abc import Iterator

import redis

from cli.doctor.findings import Finding, fault, ok, warning
from cli.up.errors import BinaryMissing
from cli.up.valkey import find_binary
from shared.broker import CONNECT_TIMEOUT_S, celery_settings, ping
from shared.settings import Settings

SHORTEST_VISIBILITY_S = 60
KEEPS_ALL = "noeviction"


def look(settings: Settings) -> Iterator[Finding]:
    try:
        ping(settings)
    except Exception as error:  # noqa: BLE001 — each transport raises errors of its own; all mean the same.
        yield fault("broker", f"it cannot be used: {error}", "Start it, or correct BROKER_URL.")
        return
    yield ok("broker", "it answers.")
    if settings.broker_url.startswith("redis"):
        yield _visibility(settings)
        yield from _policy(settings.broker_url)


def look_for_embedded() -> Iterator[Finding]:
    try:
        yield ok("broker", f"`./sheaf up` will start {find_binary()}.")
    except BinaryMissing as error:
        yield fault("broker", "there is none to start.", str(error))


def _visibility(settings: Settings) -> Finding:
    seconds = celery_settings(settings)["broker_transport_options"]["visibility_timeout"]
    said = f"a message that a worker took and lost comes back after {seconds} s; leases in Postgres are quicker."
    if seconds >= SHORTEST_VISIBILITY_S:
        return ok("broker.visibility", said)
    return fault("broker.visibility", said, f"Set it to {SHORTEST_VISIBILITY_S} s or more in shared/broker.py.")


def _policy(url: str) -> Iterator[Finding]:
    try:
        with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=CONNECT_TIMEOUT_S) as connection:
            memory = connection.info("memory")
    except redis.RedisError as error:
        yield warning("broker.memory", f"its settings cannot be read: {error}", "Allow the command INFO.")
        return
    policy, most = memory["maxmemory_policy"], int(memory["maxmemory"])
    if policy != KEEPS_ALL:
        advice = f"Set maxmemory-policy {KEEPS_ALL}: it must not throw messages away."
        yield fault("broker.memory", f"when its memory is full it throws keys away ({policy}).", advice)
    else:
        yield ok("broker.memory", f"it keeps what it has ({policy}, {most or 'no'} bytes at most).")

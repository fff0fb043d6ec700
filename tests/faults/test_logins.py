"""A crowd that signs in: whoever asks something else of the same API process does not notice."""

import http.client
import json
import statistics
import threading
import time

import pytest

from shared.settings import Settings
from tests.faults.table import Line
from tests.live import process
from tests.work import PASSWORD

CROWD = 50
ROUNDS = 12  # As by default.
P99_MS = 100
ADA = {"email": "ada@example.org", "password": PASSWORD}


@pytest.mark.faults
@pytest.mark.timeout(180)
@pytest.mark.row("F23", "50 sign in at once")
def test_fifty_who_sign_in_delay_nobody_else(settings: Settings, line: Line) -> None:
    with process(settings.model_copy(update={"bcrypt_rounds": ROUNDS})) as started:
        host = started.wait_ready().removeprefix("http://")
        assert ask(host, "POST", "/register", {**ADA, "name": "Ada"}) == 201
        found: list[int] = []
        crowd = [threading.Thread(target=lambda: found.append(ask(host, "POST", "/login", ADA))) for _ in range(CROWD)]
        began = time.monotonic()
        for one in crowd:
            one.start()
        delays_ms = [timed_ms(host) for _ in iter(lambda: any(one.is_alive() for one in crowd), False)]
        took = time.monotonic() - began
    p99 = statistics.quantiles(delays_ms, n=100)[-1]
    line.add(f"{CROWD} sign-ins in {took:.1f} s; /livez {len(delays_ms)} times, p99 {p99:.0f} ms")
    assert found == [200] * CROWD
    assert p99 < P99_MS


def timed_ms(host: str) -> float:
    began = time.perf_counter()
    assert ask(host, "GET", "/livez") == 200
    return 1000 * (time.perf_counter() - began)


def ask(host: str, method: str, path: str, body: object = None) -> int:
    connection = http.client.HTTPConnection(host, timeout=120)
    try:
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()

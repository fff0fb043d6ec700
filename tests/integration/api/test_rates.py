"""Rate limits over HTTP: who guesses waits, everybody else does not, with Redis and without."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient

from api import rates
from api.app import create_app
from api.rates import RateLimited, Rates
from shared.settings import Settings
from tests.work import PASSWORD, sign_in

ADA = {"email": "ada@example.org", "password": PASSWORD}
WRONG = {**ADA, "password": "wrong horse"}


def guess(client: TestClient, times: int, **changed: str) -> list[int]:
    return [client.post("/login", json={**WRONG, **changed}).status_code for _ in range(times)]


def at(client: TestClient, address: str) -> TestClient:
    """Return a client of the same process that calls from another address."""
    return TestClient(client.app, client=(address, 40000), raise_server_exceptions=False)


@pytest.fixture(params=["redis", "nothing", "redis that is away"])
def counters(request: pytest.FixtureRequest, settings: Settings) -> Rates:
    given: dict[str, dict[str, Any]] = {
        "redis": {},
        "nothing": {"broker_url": "amqp://127.0.0.1:1//"},
        "redis that is away": {"redis_url": "redis://127.0.0.1:1/0"},
    }
    return Rates(settings.model_copy(update=given[request.param]))


def test_a_rule_holds_for_each_separately(counters: Rates) -> None:
    for _ in range(5):
        counters.spend(rates.FORGOT, "ada")
    with pytest.raises(RateLimited) as refused:
        counters.spend(rates.FORGOT, "ada")
    assert refused.value.retry_after is not None
    assert 3590 < refused.value.retry_after <= 3600
    counters.spend(rates.FORGOT, "bob")


def test_checking_counts_nothing_and_forgiving_forgets(counters: Rates) -> None:
    for _ in range(9):
        counters.check(rates.LOGIN, "ada")
    for _ in range(5):
        counters.count(rates.LOGIN, "ada")
    with pytest.raises(RateLimited):
        counters.check(rates.LOGIN, "ada")
    counters.forgive(rates.LOGIN, "ada")
    counters.check(rates.LOGIN, "ada")


def test_the_wait_grows(settings: Settings) -> None:
    counters = Rates(settings)
    waits = []
    for _ in range(16):
        counters.count(rates.LOGIN, "ada")
    for window in ("15/15 minutes", "30/hour"):
        with pytest.raises(RateLimited) as refused:
            counters.check(rates.Rule("login", window), "ada")
        waits.append(refused.value.retry_after)
        for _ in range(15):
            counters.count(rates.Rule("login", "30/hour"), "ada")
    assert waits == [pytest.approx(900, abs=30), pytest.approx(3600, abs=30)]


def test_no_address_is_kept_in_redis(settings: Settings) -> None:
    Rates(settings).count(rates.LOGIN, "ada@example.org", "203.0.113.9")
    with redis.Redis.from_url(settings.broker_url) as connection:
        keys = connection.keys()
    assert keys
    assert "ada" not in str(keys)
    assert "203" not in str(keys)


def test_guessing_a_password_is_stopped_whatever_comes_next(client: TestClient) -> None:
    sign_in(client)
    assert guess(client, 6) == [401] * 5 + [429]
    right = client.post("/login", json=ADA)
    assert (right.status_code, right.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(right.headers["Retry-After"]) <= 60


def test_guessers_are_told_the_same_for_nobody(client: TestClient) -> None:
    sign_in(client)
    assert guess(client, 6, email="nobody@example.org") == guess(client, 6)


def test_a_guesser_elsewhere_does_not_lock_the_owner_out(client: TestClient) -> None:
    sign_in(client)
    assert guess(at(client, "203.0.113.9"), 6)[-1] == 429
    assert client.post("/login", json=ADA).status_code == 200


def test_signing_in_forgives_slips(client: TestClient) -> None:
    sign_in(client)
    for _ in range(3):
        assert guess(client, 4) == [401] * 4
        assert client.post("/login", json=ADA).status_code == 200


def test_all_processes_count_together(client: TestClient, settings: Settings) -> None:
    sign_in(client)
    guess(client, 5)
    with TestClient(create_app(settings)) as other_process:
        assert guess(other_process, 1) == [429]


def test_the_old_password_cannot_be_guessed_either(client: TestClient) -> None:
    body = {"old": "wrong horse", "new": "another password"}
    statuses = [sign_in(client, "x@example.org").post("/password/change", json=body).status_code]
    statuses += [client.post("/password/change", json=body).status_code for _ in range(5)]
    assert statuses == [401] * 5 + [429]


def test_mails_for_a_forgotten_password_are_few(client: TestClient) -> None:
    statuses = [client.post("/password/forgot", json={"email": "a@example.org"}).status_code for _ in range(6)]
    assert statuses == [202] * 5 + [429]
    assert client.post("/password/forgot", json={"email": "b@example.org"}).status_code == 202


def test_verifications_are_few(client: TestClient) -> None:
    sign_in(client)
    statuses = [client.post("/email/verify/resend").status_code for _ in range(6)]
    assert statuses == [202] * 5 + [429]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("rule", "times", "method", "path"),
    [
        (rates.SEARCH, 6000, "GET", "/search?q=x"),
        (rates.UPLOAD, 60000, "POST", "/documents"),
        (rates.MESSAGE, 6000, "POST", "/messages"),
    ],
)
def test_one_account_can_ask_only_so_often(
    settings: Settings, rule: rates.Rule, times: int, method: str, path: str
) -> None:
    alone = settings.model_copy(update={"broker_url": "amqp://127.0.0.1:1//"})  # Here counting is quick.
    app = create_app(alone)
    with TestClient(app) as client:
        sign_in(client)
        for _ in range(times):
            app.state.resources.rates.count(rule, "1")
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert int(answer.headers["Retry-After"]) <= 60
        sign_in(client, "bob@example.org")
        assert client.request(method, path).status_code != 429


def test_without_limits_nobody_waits(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"rate_limits": "off"}))) as client:
        sign_in(client)
        assert guess(client, 20) == [401] * 20


@pytest.fixture
def proxied(settings: Settings) -> Iterator[TestClient]:
    """Give what a proxy on 127.0.0.1 sends."""
    trusting = settings.model_validate({**settings.model_dump(), "trusted_proxies": "127.0.0.0/8,10.0.0.1"})
    with TestClient(create_app(trusting), client=("127.0.0.1", 40000)) as client:
        yield client


def forwarded(client: TestClient, *hops: str) -> str:
    """Sign in by a chain of proxies and return the address that the session shows."""
    headers = {"X-Forwarded-For": ", ".join(hops)}
    token = client.post("/login", json=ADA, headers=headers).json()["access_token"]
    shown = client.get("/sessions", headers={"Authorization": f"Bearer {token}"}).json()["data"][0]["address"]
    return str(shown)


@pytest.mark.parametrize(
    ("hops", "address"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1", "203.0.113.9", "10.0.0.1"], "203.0.113.9"),
        (["203.0.113.9", "nonsense"], "127.0.0.1"),
        ([], "127.0.0.1"),
    ],
)
def test_a_trusted_proxy_says_who_called(proxied: TestClient, hops: list[str], address: str) -> None:
    sign_in(proxied)
    assert forwarded(proxied, *hops) == address


def test_nobody_else_says_who_called(client: TestClient) -> None:
    sign_in(client)
    assert forwarded(client, "203.0.113.9") == "testclient"
    spoofed = [
        client.post("/login", json=WRONG, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(6)
    ]
    assert spoofed[-1] == 429

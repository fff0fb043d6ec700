"""Accounts over HTTP: registering, signing in, refreshing, and who sees what of whom."""

import json
import math
import statistics
import time

import jwt
import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from api.app import create_app
from shared.database import Database
from shared.models import User
from shared.passwords import PasswordHasher
from shared.settings import Settings
from tests.canaries import SECRET_KEY
from tests.work import PASSWORD, sign_in

CREDENTIALS = {"email": "Ada@Example.org", "password": PASSWORD}
ADA = {**CREDENTIALS, "name": "Ada  Lovelace"}


def register(client: TestClient, **changed: str) -> dict[str, object]:
    answer = client.post("/register", json={**ADA, **changed})
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    return body


def test_register_answers_with_tokens_and_the_account(client: TestClient) -> None:
    body = register(client)
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "user"}
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 900
    assert body["user"] == {"id": 1, "email": "ada@example.org", "name": "Ada Lovelace", "role": "user"}


def test_a_taken_address_is_a_conflict_whatever_its_case(client: TestClient) -> None:
    register(client)
    answer = client.post("/register", json={**ADA, "email": "ADA@example.ORG"})
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("password", "short"),
        ("name", " "),
        ("name", "a\x00b"),
        ("email", "a@b@c.org"),
    ],
)
def test_a_bad_field_is_named(client: TestClient, field: str, value: str) -> None:
    answer = client.post("/register", json={**ADA, field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


def test_text_that_is_no_unicode_is_refused(client: TestClient) -> None:
    body = json.dumps({**ADA, "password": "\ud800 is half a character"})
    answer = client.post("/register", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/password")


def test_unknown_fields_are_refused(client: TestClient) -> None:
    answer = client.post("/register", json={**ADA, "role": "admin"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/role"


def test_login_gives_a_working_token(client: TestClient) -> None:
    register(client)
    answer = client.post("/login", json={"email": "ada@example.org", "password": PASSWORD})
    token = answer.json()["access_token"]
    me = client.get("/users/me", headers={"Authorization": f"Bearer {token}"}).json()
    assert me["email"] == "ada@example.org"
    assert me["storage_used"] == 0
    assert me["email_verified"] is False


def test_signing_in_renews_a_hash_of_another_cost(settings: Settings, database: Database) -> None:
    with TestClient(create_app(settings)) as client:
        register(client)
    with TestClient(create_app(settings.model_copy(update={"bcrypt_rounds": 5}))) as client:
        for _ in range(2):
            assert client.post("/login", json=CREDENTIALS).status_code == 200
    with database.engine.connect() as connection:
        assert "r=5" in connection.exec_driver_sql("SELECT password_hash FROM users").scalar_one()


def test_the_oauth_form_signs_in_too(client: TestClient) -> None:
    register(client)
    answer = client.post("/token", data={"username": "ada@example.org", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"


def test_wrong_password_and_unknown_account_get_the_same_answer(client: TestClient) -> None:
    register(client)
    answers = [
        client.post("/login", json={"email": email, "password": "wrong horse"}) for email in (ADA["email"], "x@y.org")
    ]
    known, unknown = ({**answer.json(), "request_id": ""} for answer in answers)
    assert known == unknown
    assert known["code"] == "invalid_credentials"


def test_a_switched_off_account_cannot_sign_in_or_go_on(client: TestClient, database: Database) -> None:
    sign_in(client)
    with database.unit_of_work() as session:
        session.exec(select(User)).one().is_active = False
    assert client.get("/users/me").status_code == 401
    assert client.post("/login", json={"email": "ada@example.org", "password": PASSWORD}).status_code == 401


def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(client: TestClient) -> None:
    first = register(client)["refresh_token"]
    second = client.post("/refresh", json={"refresh_token": first}).json()["refresh_token"]
    reused = client.post("/refresh", json={"refresh_token": first})
    assert (reused.status_code, reused.json()["code"]) == (401, "token_reused")
    assert client.post("/refresh", json={"refresh_token": second}).status_code == 401


def test_users_are_found_by_name_or_address(client: TestClient) -> None:
    register(client, email="bob@example.org", name="Bob")
    sign_in(client)
    assert [user["name"] for user in client.get("/users", params={"q": "BO"}).json()["data"]] == ["Bob"]
    assert client.get("/users").json()["total"] == 2


def test_people_are_listed_by_page_and_by_cursor(client: TestClient) -> None:
    for name in ("b", "c", "d"):
        register(client, email=f"{name}@example.org", name=name)
    sign_in(client)
    first = client.get("/users", params={"limit": 3}).json()
    rest = client.get("/users", params={"limit": 3, "cursor": first["next"]}).json()
    second_page = client.get("/users", params={"limit": 3, "page": 2}).json()
    assert rest["data"] == second_page["data"]
    assert rest["next"] is None


def test_one_can_change_ones_own_name(client: TestClient) -> None:
    sign_in(client)
    assert client.patch("/users/me", json={"name": "Ada King"}).json()["name"] == "Ada King"
    assert client.get("/users/me").json()["name"] == "Ada King"


def claims_of(client: TestClient) -> dict[str, object]:
    token = str(client.headers["Authorization"]).removeprefix("Bearer ")
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.parametrize("claim", ["exp", "iat", "sub", "iss", "aud", "jti"])
def test_a_token_without_a_required_claim_is_refused(client: TestClient, claim: str) -> None:
    claims = claims_of(sign_in(client))
    del claims[claim]
    client.headers["Authorization"] = f"Bearer {jwt.encode(claims, SECRET_KEY, 'HS256')}"
    answer = client.get("/users/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("change", "key", "algorithm"),
    [
        ({}, "another key that is long enough 0123456789", "HS256"),
        ({}, SECRET_KEY, "HS384"),
        ({}, "", "none"),
        ({"iss": "somebody"}, SECRET_KEY, "HS256"),
        ({"aud": "somebody"}, SECRET_KEY, "HS256"),
        ({"typ": "refresh"}, SECRET_KEY, "HS256"),
        ({"sub": "999999"}, SECRET_KEY, "HS256"),
        ({"exp": 1}, SECRET_KEY, "HS256"),
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_forged_token_is_refused(client: TestClient, change: dict[str, object], key: str, algorithm: str) -> None:
    claims = {**claims_of(sign_in(client)), **change}
    client.headers["Authorization"] = f"Bearer {jwt.encode(claims, key, algorithm)}"
    assert client.get("/users/me").status_code == 401


def test_without_a_token_the_next_step_is_named(client: TestClient) -> None:
    answer = client.get("/users/me")
    assert answer.status_code == 401
    assert "POST /login" in answer.json()["detail"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_access_token_ends_with_its_session(client: TestClient) -> None:
    body = register(client)
    client.headers["Authorization"] = f"Bearer {body['access_token']}"
    for _ in range(2):
        client.post("/refresh", json={"refresh_token": body["refresh_token"]})
    assert client.get("/users/me").status_code == 401


@pytest.mark.parametrize("name", ["x" * 5000, "a\x00b", "a@b.org\x00"])
def test_an_absurd_name_is_only_a_wrong_one(client: TestClient, name: str) -> None:
    assert client.post("/token", data={"username": name, "password": "12345678"}).status_code in (400, 401)
    assert client.post("/login", json={"email": name[:300], "password": "12345678"}).status_code in (400, 401)


def test_a_closed_installation_takes_no_registration(settings: Settings) -> None:
    closed = settings.model_copy(update={"registration": "closed"})
    with TestClient(create_app(closed)) as client:
        answer = client.post("/register", json=ADA)
    assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_signing_in_takes_as_long_for_an_account_that_is_not_there() -> None:
    hasher = PasswordHasher(8)
    known = hasher.hash(PASSWORD)

    def seconds(password_hash: str | None) -> float:
        started = time.perf_counter()
        hasher.verify("wrong horse", password_hash)
        return time.perf_counter() - started

    pairs = [(seconds(known), seconds(None)) for _ in range(500)]  # In turns, so that a busy machine slows both.
    there, nowhere = ([pair[side] for pair in pairs] for side in (0, 1))
    medians = statistics.median(there), statistics.median(nowhere)
    assert chance(there, nowhere) > 0.05 or medians[0] == pytest.approx(medians[1], rel=0.03)


def chance(first: list[float], second: list[float]) -> float:
    """Return how likely samples of one distribution differ so much: the U test of Mann and Whitney, without ties."""
    ranks = {value: rank for rank, value in enumerate(sorted([*first, *second]), 1)}
    n, m = len(first), len(second)
    u = sum(ranks[value] for value in first) - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))

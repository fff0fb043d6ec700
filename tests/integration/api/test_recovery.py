"""Changing, forgetting and resetting a password, and verifying an address, with the mails that go out for it."""

import email
import os
import re
import stat
import time
from email.message import EmailMessage
from email.policy import default

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.accounts.recovery_routes import FORGOT_TAKES_S
from shared.database import Database
from shared.settings import Settings
from tests.work import PASSWORD, Bench, register

ADA = {"email": "ada@example.org"}
NEW = "a quite different password"


class Post:
    """The mails of the installation: what is queued is sent before the outbox is looked at."""

    def __init__(self, bench: Bench, settings: Settings) -> None:
        self.bench = bench
        self.folder = settings.sheaf_data / "outbox"

    def mails(self, subject: str) -> list[EmailMessage]:
        """Return what lies in the outbox, the oldest first."""
        self.bench.run_all()
        files = sorted(self.folder.glob("*.eml"))
        found = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
        return [mail for mail in found if mail["Subject"] == subject]


@pytest.fixture
def post(bench: Bench, settings: Settings) -> Post:
    return Post(bench, settings)


def token_in(mail: EmailMessage) -> str:
    words = mail.get_body(("plain",))
    found = re.search(r"=([\w-]{43})\s", words.get_content()) if words else None
    assert found
    return found[1]


def forgotten(client: TestClient, post: Post) -> str:
    """Forget the password and return the token that was mailed."""
    assert client.post("/password/forgot", json=ADA).status_code == 202
    return token_in(post.mails("Set a new password")[-1])


def verification(post: Post) -> str:
    return token_in(post.mails("Confirm your e-mail address")[-1])


def log_in(client: TestClient, password: str) -> int:
    return client.post("/login", json={**ADA, "password": password}).status_code


def age(database: Database, minutes: int) -> None:
    with database.unit_of_work() as session:
        earlier = text("UPDATE account_tokens SET expires_at = expires_at - make_interval(mins => :minutes)")
        session.execute(earlier, {"minutes": minutes})


def test_changing_the_password_ends_the_other_sessions(client: TestClient) -> None:
    register(client)
    other = client.post("/login", json={**ADA, "password": PASSWORD}).json()
    assert client.post("/password/change", json={"old": PASSWORD, "new": NEW}).status_code == 204
    assert client.get("/users/me").status_code == 200
    assert client.get("/users/me", headers={"Authorization": f"Bearer {other['access_token']}"}).status_code == 401
    assert client.post("/refresh", json={"refresh_token": other["refresh_token"]}).status_code == 401
    assert (log_in(client, PASSWORD), log_in(client, NEW)) == (401, 200)


def test_changing_needs_the_old_password(client: TestClient) -> None:
    answer = register(client).post("/password/change", json={"old": "wrong horse", "new": NEW})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    short = client.post("/password/change", json={"old": PASSWORD, "new": "short"})
    assert (short.status_code, short.json()["errors"][0]["pointer"]) == (422, "/new")


def test_a_forgotten_password_is_replaced_and_everybody_signed_out(client: TestClient, post: Post) -> None:
    register(client)
    token = forgotten(client, post)
    assert client.post("/password/reset", json={"token": token, "password": NEW}).status_code == 204
    assert client.get("/users/me").status_code == 401
    assert (log_in(client, PASSWORD), log_in(client, NEW)) == (401, 200)


def test_a_token_works_once_and_makes_earlier_ones_worthless(client: TestClient, post: Post) -> None:
    register(client)
    tokens = [forgotten(client, post) for _ in range(2)]
    tries = [tokens[1], tokens[0], tokens[1]]
    answers = [client.post("/password/reset", json={"token": token, "password": NEW}) for token in tries]
    assert [answer.status_code for answer in answers] == [204, 400, 400]
    assert answers[1].json()["code"] == "token_not_valid"


def test_a_token_is_not_spent_by_a_bad_password(client: TestClient, post: Post) -> None:
    register(client)
    token = forgotten(client, post)
    assert client.post("/password/reset", json={"token": token, "password": "short"}).status_code == 422
    assert client.post("/password/reset", json={"token": token, "password": NEW}).status_code == 204


@pytest.mark.parametrize(("minutes", "status"), [(59, 204), (61, 400)])
def test_a_token_is_good_for_an_hour(
    client: TestClient, post: Post, database: Database, minutes: int, status: int
) -> None:
    register(client)
    token = forgotten(client, post)
    age(database, minutes)
    assert client.post("/password/reset", json={"token": token, "password": NEW}).status_code == status


def test_a_token_is_good_for_its_purpose_only(client: TestClient, post: Post) -> None:
    register(client)
    to_verify, to_reset = verification(post), forgotten(client, post)
    assert client.post("/password/reset", json={"token": to_verify, "password": NEW}).status_code == 400
    assert client.post("/email/verify", json={"token": to_reset}).status_code == 400
    access = str(client.headers["Authorization"]).removeprefix("Bearer ")
    assert client.post("/email/verify", json={"token": access[:200]}).status_code == 400


def test_no_mailed_token_is_stored_as_it_is(client: TestClient, post: Post, database: Database) -> None:
    register(client)
    token = forgotten(client, post)
    with database.unit_of_work() as session:
        assert token not in str(session.execute(text("SELECT * FROM account_tokens")).all())


def test_a_changed_password_makes_mailed_tokens_worthless(client: TestClient, post: Post) -> None:
    register(client)
    token = forgotten(client, post)
    client.post("/password/change", json={"old": PASSWORD, "new": NEW})
    assert client.post("/password/reset", json={"token": token, "password": PASSWORD}).status_code == 400


def test_forgetting_says_the_same_in_the_same_time_for_nobody(client: TestClient, post: Post) -> None:
    register(client)
    answers, times = [], []
    for address in ("ada@example.org", "nobody@example.org"):
        started = time.perf_counter()
        answers.append(client.post("/password/forgot", json={"email": address}))
        times.append(time.perf_counter() - started)
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert min(times) >= FORGOT_TAKES_S
    assert {mail["To"] for mail in post.mails("Set a new password")} == {"ada@example.org"}


def test_nothing_is_mailed_to_an_account_that_is_switched_off(
    client: TestClient, post: Post, database: Database
) -> None:
    register(client)
    token = forgotten(client, post)
    with database.unit_of_work() as session:
        session.execute(text("UPDATE users SET is_active = false"))
    assert client.post("/password/forgot", json=ADA).status_code == 202
    assert len(post.mails("Set a new password")) == 1
    assert client.post("/password/reset", json={"token": token, "password": NEW}).status_code == 400


def test_an_address_is_verified_by_the_token_of_its_mail(client: TestClient, post: Post) -> None:
    register(client)
    assert client.get("/users/me").json()["email_verified"] is False
    token = verification(post)
    assert client.post("/email/verify", json={"token": token}).status_code == 204
    assert client.get("/users/me").json()["email_verified"] is True
    assert client.post("/email/verify", json={"token": token}).status_code == 400


def test_a_verification_is_mailed_again_until_it_is_done(client: TestClient, post: Post) -> None:
    register(client)
    assert client.post("/email/verify/resend").status_code == 202
    assert len(post.mails("Confirm your e-mail address")) == 2
    client.post("/email/verify", json={"token": verification(post)})
    again = client.post("/email/verify/resend")
    assert (again.status_code, again.json()["code"]) == (409, "already_verified")


def test_a_reset_verifies_the_address_too(client: TestClient, post: Post) -> None:
    register(client)
    client.post("/password/reset", json={"token": forgotten(client, post), "password": NEW})
    token = client.post("/login", json={**ADA, "password": NEW}).json()["access_token"]
    assert client.get("/users/me", headers={"Authorization": f"Bearer {token}"}).json()["email_verified"] is True


def test_a_refused_registration_mails_nothing(client: TestClient, post: Post) -> None:
    register(client)
    assert client.post("/register", json={**ADA, "password": PASSWORD, "name": "Ada"}).status_code == 409
    assert len(post.mails("Confirm your e-mail address")) == 1


def test_no_name_reaches_the_headers_of_a_mail(client: TestClient, post: Post) -> None:
    name = "Ada\r\nBcc: everybody@example.org\r\n\r\nBuy"
    assert client.post("/register", json={**ADA, "password": PASSWORD, "name": name}).status_code == 201
    (mail,) = post.mails("Confirm your e-mail address")
    assert set(mail.keys()) >= {"From", "To", "Subject", "Date", "Message-ID"}
    assert mail["Bcc"] is None
    assert mail["To"] == "ada@example.org"


@pytest.mark.parametrize("address", ["ada@example.org\r\nBcc: eve@example.org", "ada@example.org,eve@example.org"])
def test_no_address_reaches_other_people(client: TestClient, post: Post, address: str) -> None:
    body = {"email": address, "password": PASSWORD, "name": "Ada"}
    assert client.post("/register", json=body).status_code == 422
    assert client.post("/password/forgot", json={"email": address}).status_code == 202
    post.bench.run_all()
    assert not post.folder.exists()


def test_only_we_may_read_the_outbox(client: TestClient, post: Post) -> None:
    register(client)
    post.bench.run_all()
    (file,) = post.folder.iterdir()
    assert [stat.S_IMODE(os.stat(path).st_mode) for path in (post.folder, file)] == [0o700, 0o600]  # noqa: PTH116 — Both are paths of ours.

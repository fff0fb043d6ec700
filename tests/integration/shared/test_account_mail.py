"""The mails of accounts: their tokens reach the user and stand nowhere in clear."""

import email
from collections.abc import Callable
from email.policy import default

import pytest
from sqlalchemy import text

from shared import account_mail
from shared.models import User
from shared.settings import Settings
from tests.work import Bench

TOKEN = "a-token-of-many-letters"
DUMP = "SELECT string_agg(e::text || j::text, '') FROM emails e, jobs j"


@pytest.mark.parametrize(
    ("queue", "subject", "link"),
    [
        (account_mail.queue_verification, "Confirm your e-mail address", "/#verify-email="),
        (account_mail.queue_password_reset, "Set a new password", "/#reset-password="),
    ],
)
def test_the_token_is_mailed_and_kept_nowhere(
    bench: Bench, settings: Settings, queue: Callable[..., None], subject: str, link: str
) -> None:
    with bench.database.unit_of_work() as session:
        user = User(email="ada@example.org", name="Ada <b>", password_hash="x")
        session.add(user)
        session.flush()  # Its id is given by the database.
        queue(session, user, token=TOKEN, settings=settings)
        session.flush()  # What follows asks the database.
        assert TOKEN not in session.execute(text(DUMP)).scalar_one()
    bench.run_all()
    (file,) = (settings.sheaf_data / "outbox").glob("*.eml")
    message = email.message_from_bytes(file.read_bytes(), policy=default)
    plain, page = (part.get_content() for part in message.iter_parts())
    assert (message["To"], message["Subject"]) == ("ada@example.org", subject)
    assert f"{link}{TOKEN}" in plain
    assert f'{link}{TOKEN}"' in page
    assert "Ada &lt;b&gt;" in page
    assert file.stat().st_mode & 0o077 == 0

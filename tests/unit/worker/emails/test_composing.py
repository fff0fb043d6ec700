"""Mails as bytes: their headers are ours whatever a template is filled with, and one mail has one form."""

import email
from collections import Counter
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from shared.clock import new_id
from shared.emails import Template
from shared.models import Email
from shared.settings import Settings
from worker.emails.composing import Composer, NotComposable

OURS = {"From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Content-Type"}
LETTERS = OURS | {"Content-Transfer-Encoding", "Reply-To"}
NOTICES = OURS | {"Auto-Submitted"}
INJECTIONS = [
    "x\r\nBcc: eve@example.org",
    "x\nBcc: eve@example.org",
    "x\rBcc: eve@example.org",
    "x\r\n\r\n<script>alert(1)</script>",
    "x\x0bBcc: eve@example.org",
    "x\x85Bcc: eve@example.org",
    "x\u2028Bcc: eve@example.org",
    "x\r\n.\r\nMAIL FROM:<eve@example.org>",
    "=?utf-8?q?x=0d=0aBcc:_eve@example.org?=",
    "x" * 5000 + "\r\nBcc: eve@example.org",
    '"><img src=x onerror=alert(1)>',
]
SENDER = {"sender_name": "Ada", "sender_address": "ada@example.org"}
LETTER = {"subject": "A mail", "body": "Hello", **SENDER}
READ = {
    "filename": "a.pdf",
    "document": "0199",
    "state": "succeeded",
    "page_count": 2,
    "pages_failed": 0,
    "table_count": 1,
    "error": None,
}


def done(*changes: dict[str, Any], more: int = 0) -> dict[str, Any]:
    """Return what a mail about jobs is filled with that differ by this from READ, with `more` it does not name."""
    jobs = [{**READ, **change} for change in changes]
    counts = Counter({"succeeded": more}) + Counter(str(job["state"]) for job in jobs)
    return {"jobs": jobs, "counts": dict(counts)}


@pytest.fixture
def composer() -> Composer:
    settings = Settings(
        _env_file=None,
        database_url="postgresql://h/d",
        broker_url="redis://h/0",
        secret_key="a key for tests that is long enough 0123456789",
        mail_from="Sheaf <sheaf@sheaf.test>",
    )
    return Composer(settings)


def mail(template: Template, params: dict[str, Any], to: str = "bob@example.org") -> Email:
    return Email(job_id=new_id(), owner_id=1, to_address=to, template=template, params=params)


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.parametrize("injection", INJECTIONS)
@pytest.mark.parametrize(
    ("template", "params", "field"),
    [
        (Template.LETTER, LETTER, "subject"),
        (Template.LETTER, LETTER, "body"),
        (Template.LETTER, LETTER, "sender_name"),
        (Template.JOB_DONE, READ, "filename"),
        (Template.JOB_DONE, {**READ, "state": "failed"}, "error"),
    ],
)
def test_nobody_adds_a_header(
    composer: Composer, template: Template, params: dict[str, Any], field: str, injection: str
) -> None:
    given = {**params, field: injection}
    content = composer.compose(mail(template, given if template is Template.LETTER else done(given)))
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    names = {line.partition(":")[0] for line in head.split("\r\n") if not line.startswith((" ", "\t"))}
    assert names == (LETTERS if template is Template.LETTER else NOTICES)
    message = parsed(content)
    assert (message["To"], message["Bcc"]) == ("bob@example.org", None)
    page = message.get_body(("html",))
    assert page is None or not any(tag in page.get_content() for tag in ("<script", "<img"))


@pytest.mark.parametrize(
    "to", ["bob@example.org\r\nBcc: eve@example.org", "bob@example.org, eve@example.org", "åda@x.test"]
)
def test_an_address_that_is_not_one_is_not_written_to(composer: Composer, to: str) -> None:
    with pytest.raises(NotComposable):
        composer.compose(mail(Template.LETTER, LETTER, to=to))


def test_a_domain_of_other_letters_is_written_as_the_net_has_it(composer: Composer) -> None:
    message = parsed(composer.compose(mail(Template.LETTER, LETTER, to="bob@bücher.example.org")))
    assert message["To"] == "bob@xn--bcher-kva.example.org"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "a.pdf has been read: 2 pages, 1 table."),
        ({"page_count": 1, "table_count": 0}, "a.pdf has been read: 1 page."),
        ({"state": "partial", "pages_failed": 1}, "a.pdf has been read, but for 1 of its 2 pages."),
        ({"state": "failed", "page_count": None, "error": "It is damaged."}, "a.pdf could not be read. It is damaged."),
        ({"state": "queued"}, "a.pdf: its reading is queued."),
    ],
)
def test_a_mail_about_a_document_says_what_became_of_it(composer: Composer, change: dict[str, Any], said: str) -> None:
    message = parsed(composer.compose(mail(Template.JOB_DONE, done(change))))
    plain = message.get_body(("plain",))
    assert plain is not None
    assert said in plain.get_content()


def test_a_mail_about_many_documents_counts_them_and_names_the_first(composer: Composer) -> None:
    gone_wrong = {"state": "failed", "filename": "b.pdf", "error": "It is damaged."}
    message = parsed(composer.compose(mail(Template.JOB_DONE, done(gone_wrong, {"state": "partial"}, {}, more=7))))
    assert message["Subject"] == "10 documents: 8 read, 1 read in part, 1 could not be read"
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        words = body.get_content()
        assert words.index("b.pdf") < words.index("a.pdf") < words.index("nd 7 more")
        assert words.count("/#/documents/0199") == 3


def test_nothing_is_said_of_documents_that_are_gone(composer: Composer) -> None:
    with pytest.raises(NotComposable, match="deleted"):
        composer.compose(mail(Template.JOB_DONE, done()))


def test_a_mail_of_another_installations_key_is_not_guessed(composer: Composer) -> None:
    one = mail(Template.RESET_PASSWORD, {"name": "Ada"})
    one.secret_sealed = b"sealed elsewhere"
    with pytest.raises(NotComposable, match="SECRET_KEY"):
        composer.compose(one)

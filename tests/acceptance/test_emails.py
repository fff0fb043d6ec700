"""Mails through a whole platform: the end of an upload is told, and a mailer may be killed while a server thinks."""

import email
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.policy import default

import pytest

from tests.acceptance.api_client import ApiClient
from tests.pdf_files import text_pdf
from tests.platforms import StartedPlatform, data_directory, eventually, platform

pytest.importorskip("aiosmtpd")

from tests.mail_servers import MailServer, mail_server

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]


@contextmanager
def signed_in(started: StartedPlatform, server: MailServer) -> Iterator[ApiClient]:
    """Make an account, and forget the mail that asks whether its address is true."""
    with closing(ApiClient(started.wait_ready().address)) as api:
        eventually(lambda: len(server.accepted) == 1, within_s=30)
        server.received.clear()
        server.accepted.clear()
        yield api


def mails_of(api: ApiClient) -> list[dict[str, object]]:
    found: list[dict[str, object]] = api.get("/jobs", kind="email")["data"]
    return found


def test_the_mailer_is_killed_before_it_hears_that_the_mail_was_taken() -> None:
    thinking = threading.Event()
    with mail_server() as server, data_directory() as data:
        environment = {"WORKER_CONCURRENCY": "2", "SMTP_URL": server.url, "MAIL_BACKOFF_S": "0.2"}
        with platform(data, environment=environment) as started, signed_in(started, server) as api:
            server.before_answer = lambda: thinking.wait(60)
            api.upload(text_pdf(), notify="email")
            eventually(lambda: len(server.received) == 1, within_s=30)
            started.child("worker.emails.app").kill()
            thinking.set()
            eventually(lambda: [job["state"] for job in mails_of(api)] == ["succeeded"], within_s=60)
            (job,) = mails_of(api)
            assert job["attempt"] == 2
            assert started.stop() == 0
    ids = [email.message_from_bytes(content, policy=default)["Message-ID"] for content in server.received]
    assert (len(ids), len(set(ids))) == (2, 1)


def test_a_slow_mail_server_delays_no_extraction() -> None:
    thinking = threading.Event()
    with mail_server() as server, data_directory() as data:
        environment = {"WORKER_CONCURRENCY": "1", "MAILER_CONCURRENCY": "1", "SMTP_URL": server.url}
        with platform(data, environment=environment) as started, signed_in(started, server) as api:
            server.before_answer = lambda: thinking.wait(60)
            for number in range(3):
                document = api.upload(text_pdf(text=f"page {number}"), notify="email")
                assert api.wait(document)["status"] == "succeeded"
            eventually(lambda: len(server.received) == 1, within_s=30)
            thinking.set()
            eventually(lambda: {job["state"] for job in mails_of(api)} == {"succeeded"}, within_s=30)
            assert started.stop() == 0
    assert len(server.accepted) == 3

"""Mails and mail servers: what each answer, and each silence, leads to."""

import email
import time
from collections import Counter
from collections.abc import Callable, Iterator
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import select

from shared import delivery, dispatching, lifecycle, recovery, workers
from shared.database import Database
from shared.emails import Draft, Template, queue_email
from shared.fairness import Turns
from shared.locks import find_and_lock
from shared.models import Email, Job, JobState, Pool, User
from shared.settings import Settings
from tests.work import Bench, mailer_of

pytest.importorskip("aiosmtpd")

from tests.mail_servers import BREAK, PASSWORD, USER, MailServer, flaky_server, mail_server, with_password, with_tls

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")  # aiosmtpd's advice to servers.
BACKOFF_S = (0.05,)
TO = "ada@example.org"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


class Post:
    """Mails of one user, and a worker that hands them to one server."""

    def __init__(self, bench: Bench, settings: Settings, url: str) -> None:
        """Send to the server of this URL, and try again soon."""
        self.bench = bench
        self._settings = settings
        self.send_to(url)
        self.owner = self.do(_make_user)

    def send_to(self, url: str) -> None:
        """Let another worker go on, with this URL."""
        wanted = {"smtp_url": SecretStr(url), "mail_backoff_s": BACKOFF_S, "mail_from": "Sheaf <sheaf@sheaf.test>"}
        settings = self._settings.model_copy(update=wanted)
        self.bench.mailer = mailer_of(self.bench.database, self.bench.presence, settings)

    def do(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        with self.bench.database.unit_of_work() as session:
            return work(session, *given, **named)

    def queue(self, to: str = TO, body: str = "Hello") -> UUID:
        params = {"subject": "A mail", "body": body, "sender_name": "Ada", "sender_address": TO}
        draft = Draft(owner_id=self.owner, to=to, template=Template.LETTER, params=params)
        job: Job = self.do(queue_email, draft)
        return job.id

    def job(self, job_id: UUID) -> Job:
        found: Job = self.do(lambda s: s.get_one(Job, job_id))
        return found

    def email(self, job_id: UUID) -> Email:
        found: Email = self.do(lambda s: s.exec(select(Email).where(Email.job_id == job_id)).one())
        return found

    def deliver(self, job_id: UUID, *, within_s: float = 8) -> Job:
        """Let the mailer and the dispatcher's chores work until the job has ended."""
        give_up = time.monotonic() + within_s
        while time.monotonic() < give_up:
            self.bench.run_all()
            if (job := self.job(job_id)).finished_at is not None:
                return job
            self.do(dispatching.requeue_due)
            time.sleep(0.02)
        raise AssertionError(f"the job is still {self.job(job_id).state}")

    def change(self, statement: str, **given: Any) -> None:
        self.do(lambda s: s.execute(text(statement), given))


@pytest.fixture
def post(bench: Bench, settings: Settings, server: MailServer) -> Post:
    return Post(bench, settings, server.url)


def _make_user(session: Any) -> int:
    user = User(email=TO, name="Ada", password_hash="x")
    session.add(user)
    session.flush()  # Its id is given by the database.
    return user.id or 0


def ids(messages: list[bytes]) -> list[str]:
    return [email.message_from_bytes(message, policy=default)["Message-ID"] for message in messages]


def test_a_mail_arrives_as_it_was_written(post: Post, server: MailServer) -> None:
    body = ".\n..dots\nÄther 日本語\n" + "long " * 500
    job = post.queue(body=body)
    assert post.deliver(job).state == "succeeded"
    (content,) = server.accepted
    message = email.message_from_bytes(content, policy=default)
    assert message.get_content().replace("\r\n", "\n").startswith(body)
    assert (message["To"], server.recipients) == (TO, [TO])
    assert post.email(job).sent_at is not None


def test_after_two_temporary_errors_one_mail_arrives(post: Post, server: MailServer) -> None:
    server.data_answers = ["451 4.3.0 try later", "451 4.3.0 try later"]
    job = post.queue()
    assert (post.deliver(job).state, post.job(job).attempt) == ("succeeded", 3)
    assert (len(server.accepted), len(set(ids(server.received)))) == (1, 1)
    assert (post.email(job).deferrals, post.email(job).uncertain) == (2, 0)


def test_a_permanent_error_fails_at_once_with_its_words(post: Post, server: MailServer) -> None:
    server.recipient_answers = ["550 5.7.1 we do not like you"]
    job = post.deliver(post.queue())
    assert (job.state, job.attempt, job.error_code, job.error_retryable) == ("failed", 1, "mail_refused", False)
    assert "550 5.7.1 we do not like you" in str(job.error_message)
    assert server.received == []


def test_nothing_more_is_sent_to_an_address_that_does_not_exist(post: Post, server: MailServer) -> None:
    server.recipient_answers = ["550 5.1.1 no such user"]
    post.deliver(post.queue())
    job = post.deliver(post.queue())
    assert (job.state, job.error_code) == ("failed", "address_suppressed")
    assert server.recipients == []
    assert post.deliver(post.queue("bob@example.org")).state == "succeeded"


def test_a_refused_content_speaks_against_no_address(post: Post, server: MailServer) -> None:
    server.data_answers = ["554 5.6.0 what is this"]
    assert post.deliver(post.queue()).state == "failed"
    assert post.deliver(post.queue()).state == "succeeded"


def test_too_many_recipients_is_no_permanent_error(post: Post, server: MailServer) -> None:
    server.recipient_answers = ["552 too many recipients"]
    assert post.deliver(post.queue()).state == "succeeded"


def test_a_mail_whose_receipt_was_lost_is_sent_again_as_the_same(post: Post, server: MailServer) -> None:
    server.data_answers = [BREAK]
    job = post.queue()
    assert (post.deliver(job).state, post.job(job).attempt) == ("succeeded", 2)
    assert (len(server.accepted), len(set(ids(server.accepted)))) == (2, 1)
    assert server.accepted[0] == server.accepted[1]
    assert post.email(job).uncertain == 1


def test_a_sender_that_died_after_the_data_is_uncertain(post: Post, server: MailServer) -> None:
    job = post.queue()
    held = _claim(post)
    post.do(delivery.send_data, held)
    post.change("UPDATE parts SET lease_until = now() - interval '1 s'")
    assert recovery.reap(post.bench.database) == 1
    assert post.deliver(job).state == "succeeded"
    assert (post.email(job).uncertain, len(server.accepted)) == (1, 1)


def test_a_sender_that_died_before_the_data_is_not(post: Post, server: MailServer) -> None:
    job = post.queue()
    _claim(post)
    post.change("UPDATE parts SET lease_until = now() - interval '1 s'")
    assert recovery.reap(post.bench.database) == 1
    assert post.deliver(job).state == "succeeded"
    assert (post.email(job).uncertain, len(server.accepted)) == (0, 1)


def test_a_mail_is_held_for_longer_than_a_server_may_take(post: Post) -> None:
    post.queue()
    _claim(post)
    lease = "SELECT extract(epoch FROM lease_until - now()) FROM parts"
    assert post.do(lambda s: s.execute(text(lease)).scalar_one()) > 890


def test_who_was_fenced_out_sends_nothing(post: Post, server: MailServer) -> None:
    job = post.queue()
    server.on_recipient = lambda: post.change("UPDATE parts SET attempt = attempt + 1")
    post.bench.run_all()
    assert server.received == []
    assert post.email(job).stage == "sending"


def test_a_mail_that_is_canceled_in_time_is_not_sent(post: Post, server: MailServer) -> None:
    job = post.queue()
    server.on_recipient = lambda: post.do(_cancel, job)
    assert post.deliver(job).state == "canceled"
    assert server.received == []


def test_a_stopping_mailer_begins_no_message(post: Post, server: MailServer) -> None:
    job = post.queue()
    server.on_recipient = post.bench.mailer.stop_soon
    (bell,) = post.bench.dispatch()
    post.bench.mailer.look_at(bell.part_id, bell.dispatch_seq)
    assert server.received == []
    post.send_to(server.url)
    server.on_recipient = lambda: None
    assert (post.deliver(job).state, post.job(job).attempt) == ("succeeded", 2)


def test_a_doubled_message_sends_one_mail(post: Post, server: MailServer) -> None:
    post.queue()
    (bell,) = post.bench.dispatch()
    for _ in range(2):
        post.bench.mailer.look_at(bell.part_id, bell.dispatch_seq)
    assert len(server.accepted) == 1


def test_a_busy_server_is_left_alone(post: Post, server: MailServer) -> None:
    server.recipient_answers = ["421 4.7.0 later"]
    first = post.queue()
    (bell,) = post.bench.dispatch()
    post.bench.mailer.look_at(bell.part_id, bell.dispatch_seq)
    post.change("UPDATE mail_pauses SET until = now() + interval '1 hour'")
    second = post.queue("bob@example.org")
    time.sleep(0.1)
    post.do(dispatching.requeue_due)
    assert post.bench.dispatch() == []
    post.do(delivery.end_pauses)
    assert [post.deliver(job).state for job in (first, second)] == ["succeeded", "succeeded"]


def test_a_server_that_is_not_there_is_tried_again(bench: Bench, settings: Settings) -> None:
    with mail_server() as gone:
        post = Post(bench, settings, gone.url)
    job = post.queue()
    post.bench.run_all()
    assert (post.job(job).state, post.email(job).deferrals) == ("running", 1)
    assert "Connection" in str(post.email(job).smtp_text)


def test_what_could_not_be_sent_for_a_day_is_given_up(post: Post, server: MailServer) -> None:
    job = post.queue()
    post.change("UPDATE emails SET created_at = now() - interval '1 day'")
    server.data_answers = ["451 4.3.0 try later"]
    assert (post.deliver(job).state, post.job(job).error_code) == ("failed", "mail_given_up")
    assert post.job(job).error_retryable


def test_wrong_credentials_cost_no_attempt_of_the_backoff(bench: Bench, settings: Settings) -> None:
    with mail_server(**with_password()) as server:
        post = Post(bench, settings, server.url.replace("//", f"//{USER}:wrong@"))
        job = post.queue()
        post.bench.run_all()
        assert (post.job(job).state, post.email(job).deferrals, post.email(job).smtp_code) == ("running", 0, 535)
        post.send_to(server.url.replace("//", f"//{USER}:{quote(PASSWORD)}@"))
        assert post.deliver(job).state == "succeeded"


def test_a_server_that_wants_a_name_locks_out_who_gives_none(bench: Bench, settings: Settings) -> None:
    with mail_server(**with_password()) as server:
        post = Post(bench, settings, server.url)
        job = post.queue()
        post.bench.run_all()
        assert (post.job(job).state, post.email(job).deferrals, post.email(job).smtp_code) == ("running", 0, 530)


def test_mails_go_over_starttls(
    bench: Bench, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(**with_tls(tmp_path), **with_password()) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail-server.pem"))
        post = Post(bench, settings, f"smtp://{USER}:{quote(PASSWORD)}@localhost:{server.port}/?starttls=1")
        assert post.deliver(post.queue()).state == "succeeded"


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(bench: Bench, settings: Settings, tmp_path: Path) -> None:
    with mail_server(**with_tls(tmp_path), **with_password()) as server:
        post = Post(bench, settings, f"smtp://{USER}:{quote(PASSWORD)}@localhost:{server.port}/?starttls=1")
        job = post.queue()
        post.bench.run_all()
        assert (post.job(job).state, server.recipients) == ("running", [])
        assert "certificate" in str(post.email(job).smtp_text)


def test_no_password_is_sent_where_starttls_is_missing(bench: Bench, settings: Settings) -> None:
    with mail_server(**with_password()) as server:
        post = Post(bench, settings, server.url.replace("//", f"//{USER}:{quote(PASSWORD)}@") + "/?starttls=1")
        job = post.queue()
        post.bench.run_all()
        assert (post.job(job).state, server.recipients) == ("running", [])


def test_every_mail_arrives_through_a_flaky_server(bench: Bench, settings: Settings) -> None:
    """The fault suite has this with a thousand mails, and with mailers that are killed."""
    with flaky_server() as flaky:
        post = Post(bench, settings, flaky.url)
        jobs = [post.queue(f"p{number}@example.org") for number in range(25)]
        assert {post.deliver(job).state for job in jobs} == {"succeeded"}
    emails = {str(email.message_id): email for email in map(post.email, jobs)}
    assert flaky.taken == Counter(list(emails)) + flaky.dropped
    assert {name: email.uncertain for name, email in emails.items() if email.uncertain} == flaky.dropped
    assert flaky.refused


def test_mails_wait_for_mailers_and_for_nobody_else(database: Database, post: Post) -> None:
    post.queue()
    boot = post.bench.presence.boot_id
    post.do(workers.register_worker, worker_id="r", boot_id=boot, host="h", pid=1, slots=4)
    assert post.do(lambda s: dispatching.dispatch(s, Turns())) == []
    post.do(workers.register_worker, worker_id="m", boot_id=boot, host="h", pid=1, slots=1, pool=Pool.MAILERS)
    (bell,) = post.do(lambda s: dispatching.dispatch(s, Turns()))
    assert bell.queue == "email"
    with database.unit_of_work() as session:
        assert workers.dispatch_capacity(session).room == 8
        assert workers.dispatch_capacity(session, Pool.MAILERS).room == 1


def _claim(post: Post) -> delivery.MailClaim:
    (bell,) = post.bench.dispatch()
    boot = post.bench.presence.boot_id
    held = post.do(delivery.claim, bell.part_id, bell.dispatch_seq, worker_id="dead", boot_id=boot)
    assert isinstance(held, delivery.MailClaim)
    return held


def _cancel(session: Any, job_id: UUID) -> None:
    job = find_and_lock(session, Job, job_id)
    assert job is not None
    assert not JobState(job.state).done
    lifecycle.cancel(session, job)

"""A thousand mails through a mail server that refuses and drops, by mailers that are killed: every mail arrives."""

import threading
import time
from contextlib import closing

import psycopg
import pytest

from tests.acceptance.api_client import ApiClient
from tests.faults.table import Line
from tests.platforms import StartedPlatform, data_directory, eventually, platform

pytest.importorskip("aiosmtpd")

from tests.mail_servers import flaky_server

MAILS = 1000
KILLS = 3
ENVIRONMENT = {
    "WORKER_CONCURRENCY": "1",
    "MAILER_CONCURRENCY": "4",
    "MAIL_BACKOFF_S": "0.2,0.5",
    "EMAILS_PER_HOUR": "100000",
    "MAX_OPEN_JOBS": "5000",
}


@pytest.mark.faults
@pytest.mark.processes
@pytest.mark.timeout(600)
@pytest.mark.row("F24", f"{MAILS} mails, 20 % refused, 5 % of connections dropped, mailers killed {KILLS} times")
def test_every_mail_arrives_and_only_what_is_uncertain_arrives_twice(line: Line) -> None:
    with flaky_server() as server, data_directory() as data:
        given = {**ENVIRONMENT, "SMTP_URL": server.url}
        with platform(data, environment=given) as started, closing(ApiClient(started.wait_ready().address)) as api:
            began = time.monotonic()
            killing = threading.Thread(target=kill_mailers, args=(started,))
            killing.start()
            for number in range(MAILS):
                api.mail(f"mail {number}")
            killing.join()
            eventually(lambda: all_sent(started), within_s=300)
            took = time.monotonic() - began
            uncertain = uncertain_mails(started)
            assert started.stop() == 0
    twice = {name: times - 1 for name, times in server.taken.items() if times > 1}
    line.accepted, line.finished = str(MAILS), str(len(server.taken) - 1)  # One asks whether the address is true.
    line.doubled, line.lost = str(sum(twice.values())), str(MAILS + 1 - len(server.taken))
    line.add(
        f"{server.refused} refused, {server.dropped.total()} dropped, {sum(uncertain.values())} uncertain, {took:.0f} s"
    )
    assert set(server.taken) == set(uncertain)
    assert all(uncertain[name] >= times for name, times in twice.items())
    assert sum(uncertain.values()) <= server.dropped.total() + KILLS * int(ENVIRONMENT["MAILER_CONCURRENCY"])


def kill_mailers(started: StartedPlatform) -> None:
    for _ in range(KILLS):
        time.sleep(5)
        eventually(lambda: has_mailer(started), within_s=60)
        started.child("worker.emails.app").kill()


def has_mailer(started: StartedPlatform) -> bool:
    return any("worker.emails.app" in " ".join(child.cmdline()) for child in started.processes())


def all_sent(started: StartedPlatform) -> bool:
    time.sleep(1)
    with psycopg.connect(started.note["DATABASE_URL"].replace("+psycopg", "")) as connection:
        waiting = "SELECT count(*) FROM jobs WHERE kind = 'email' AND state <> 'succeeded'"
        return connection.execute(waiting).fetchone() == (0,)


def uncertain_mails(started: StartedPlatform) -> dict[str, int]:
    """Return of each mail how many of its attempts nobody knows the outcome of."""
    with psycopg.connect(started.note["DATABASE_URL"].replace("+psycopg", "")) as connection:
        return dict(connection.execute("SELECT message_id, uncertain FROM emails").fetchall())

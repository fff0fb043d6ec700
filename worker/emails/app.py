"""The Celery application of mailers, which `celery -A worker.emails.app` loads: they send mails and open no PDF."""

from typing import Any
from uuid import UUID

from celery import Celery
from celery.signals import setup_logging, worker_ready, worker_shutdown, worker_shutting_down

from shared import delivery
from shared.broker import celery_settings, task_of
from shared.database import Database
from shared.logs import configure_logging
from shared.models import JobKind, Pool
from shared.settings import get_settings
from shared.tracing import start_tracing
from worker.emails.composing import Composer
from worker.emails.mailer import Mailer
from worker.emails.transport import transport_of
from worker.presence import Presence

settings = get_settings()
app = Celery("sheaf-mailer")
app.conf.update(celery_settings(settings))

database = Database(settings.database_url, pool_size=settings.mailer_concurrency + 3)


def _try_servers_again() -> None:
    with database.unit_of_work() as session:
        delivery.end_pauses(session)


presence = Presence(database, slots=settings.mailer_concurrency, prepare=_try_servers_again, pool=Pool.MAILERS)
mailer = Mailer(
    database,
    presence,
    composer=Composer(settings),
    transport=transport_of(settings),
    key=settings.secret_key,
    backoff_s=settings.mail_backoff_s,
)


@app.task(name=task_of(JobKind.EMAIL))  # type: ignore[untyped-decorator]  # Celery is untyped.
def look_at_part(part_id: str, dispatch_seq: int) -> None:
    mailer.look_at(UUID(part_id), dispatch_seq)


def _log(**_: Any) -> None:
    configure_logging(as_json=settings.logs_json)


def _arrive(**_: Any) -> None:
    start_tracing("sheaf-mailer")
    mailer.leases.start()
    presence.start()


def _stop_soon(**_: Any) -> None:
    mailer.stop_soon()


def _leave(**_: Any) -> None:
    presence.stop()
    mailer.leases.stop()


setup_logging.connect(_log)
worker_ready.connect(_arrive)
worker_shutting_down.connect(_stop_soon)
worker_shutdown.connect(_leave)

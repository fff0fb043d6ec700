"""The Celery application that `celery -A worker.app` loads: its settings, its one task, and what a worker keeps."""

from typing import Any
from uuid import UUID

from celery import Celery
from celery.signals import setup_logging, worker_ready, worker_shutdown, worker_shutting_down

from shared.broker import LOOK_AT_PART, celery_settings
from shared.database import Database
from shared.logs import configure_logging
from shared.settings import get_settings
from shared.storage import BlobStore
from worker.extraction.limits import Limits
from worker.extraction.sandbox import Sandbox
from worker.presence import Presence
from worker.runner import Runner

settings = get_settings()
app = Celery("sheaf")
app.conf.update(celery_settings(settings))

database = Database(settings.database_url, pool_size=settings.worker_concurrency + 2)
sandbox = Sandbox(warm=settings.worker_concurrency)
presence = Presence(database, slots=settings.worker_concurrency, prepare=sandbox.start)
runner = Runner(
    database,
    BlobStore(settings.storage),
    sandbox,
    limits=Limits.from_settings(settings),
    key=settings.secret_key,
    presence=presence,
)


@app.task(name=LOOK_AT_PART)  # type: ignore[untyped-decorator]  # Celery is untyped.
def look_at_part(part_id: str, dispatch_seq: int) -> None:
    runner.look_at(UUID(part_id), dispatch_seq)


def _log(**_: Any) -> None:
    configure_logging()


def _arrive(**_: Any) -> None:
    runner.leases.start()
    presence.start()


def _stop_soon(**_: Any) -> None:
    runner.stop_soon()


def _leave(**_: Any) -> None:
    presence.stop()
    runner.leases.stop()
    sandbox.close()


setup_logging.connect(_log)
worker_ready.connect(_arrive)
worker_shutting_down.connect(_stop_soon)
worker_shutdown.connect(_leave)

"""The Celery application that `celery -A worker.app` loads: its settings, its tasks, and what a worker keeps."""

from typing import Any
from uuid import UUID

from celery import Celery
from celery.signals import setup_logging, worker_ready, worker_shutdown, worker_shutting_down

from shared.broker import celery_settings, task_of
from shared.database import Database
from shared.logs import configure_logging
from shared.models import JobKind
from shared.settings import get_settings
from shared.tracing import start_tracing
from worker.checks import EngineChecks
from worker.extraction.limits import Limits
from worker.extraction.sandbox import Sandbox
from worker.presence import Presence
from worker.runner import Runner
from worker.stores import open_blobs

settings = get_settings()
app = Celery("sheaf")
app.conf.update(celery_settings(settings))

blobs = open_blobs(settings)
database = Database(settings.database_url, pool_size=settings.worker_concurrency + 3)
sandbox = Sandbox(warm=settings.worker_concurrency)
presence = Presence(database, slots=settings.worker_concurrency, prepare=sandbox.start)
runner = Runner(
    database,
    blobs,
    sandbox,
    limits=Limits.from_settings(settings),
    key=settings.secret_key,
    presence=presence,
)
runner.check_share = settings.engine_check_share
checks = EngineChecks(database, blobs, sandbox, limits=Limits.from_settings(settings), key=settings.secret_key)


def look_at_part(part_id: str, dispatch_seq: int) -> None:
    runner.look_at(UUID(part_id), dispatch_seq)


for kind in (JobKind.EXTRACTION, JobKind.RENDERING, JobKind.INFORMATION):
    app.task(look_at_part, name=task_of(kind))


def _log(**_: Any) -> None:
    configure_logging(as_json=settings.logs_json)


def _arrive(**_: Any) -> None:
    start_tracing("sheaf-worker")
    runner.leases.start()
    presence.start()
    if settings.engine_check_share:
        checks.start()


def _stop_soon(**_: Any) -> None:
    checks.stop()
    runner.stop_soon()


def _leave(**_: Any) -> None:
    presence.stop()
    runner.leases.stop()
    sandbox.close()


setup_logging.connect(_log)
worker_ready.connect(_arrive)
worker_shutting_down.connect(_stop_soon)
worker_shutdown.connect(_leave)

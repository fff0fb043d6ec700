"""The route that Prometheus scrapes."""

import asyncio
import hmac
from collections.abc import Iterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from api.admin.broker import queue_lengths
from api.errors import responses
from api.identity import AdminsOnly, Documented, check_admin, given_token, identify
from api.metrics import figures, requests
from api.resources import Resources, Shared

log = structlog.get_logger(__name__)
router = APIRouter(tags=["administration"])


class Given:
    """Families of metrics that were read for one scrape."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _may_scrape(request: HTTPConnection, resources: Shared, _: Documented) -> None:
    """Let METRICS_TOKEN pass, and administrators as everywhere else."""
    settings = resources.settings
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    given = given_token(request, settings)
    if token and given and hmac.compare_digest(given.encode(), token.encode()):
        return
    with resources.database.unit_of_work() as session:
        check_admin(identify(session, settings, request).user)


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Figures for Prometheus, in its text format; for administrators, or with METRICS_TOKEN",
    response_class=PlainTextResponse,
    responses={
        200: {"content": {"text/plain": {"example": "# TYPE sheaf_dispatcher_up gauge\nsheaf_dispatcher_up 1.0\n"}}},
        **responses(AdminsOnly),
    },
)
async def get_metrics(_allowed: Annotated[None, Depends(_may_scrape)], resources: Shared) -> PlainTextResponse:
    ledger, lengths = await asyncio.gather(run_in_threadpool(_from_ledger, resources), queue_lengths(resources))
    registry = CollectorRegistry()
    registry.register(Given([*ledger, *figures.from_broker(lengths)]))
    text = generate_latest(requests.registry()) + generate_latest(registry)
    return PlainTextResponse(text, media_type=CONTENT_TYPE_LATEST)


def _from_ledger(resources: Resources) -> list[Metric]:
    """Read what stands in Postgres; without it, a scrape with METRICS_TOKEN shows that it is away."""
    try:
        with resources.database.snapshot() as session:
            return [*figures.from_ledger(session), figures.database_up(is_up=True)]
    except SQLAlchemyError as error:
        log.warning("no figures from the database", error=str(error))
        return [figures.database_up(is_up=False)]

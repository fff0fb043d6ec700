"""What lies in the broker, asked with a short deadline: nobody has to wait because it is away."""

import asyncio

import structlog
from fastapi.concurrency import run_in_threadpool

from api.resources import Resources
from shared import broker

PATIENCE_S = 2.0
log = structlog.get_logger(__name__)


async def queue_lengths(resources: Resources) -> dict[str, int] | None:
    """Return how many messages lie in each queue, None when the broker does not say so in time."""
    try:
        return await asyncio.wait_for(run_in_threadpool(broker.queue_lengths, resources.settings), PATIENCE_S)
    except Exception as error:  # noqa: BLE001 — an edge: whatever a transport raises means that it cannot be asked.
        log.warning("the broker cannot be asked", error=str(error))
        return None

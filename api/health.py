"""Whether this process lives, and whether the installation is ready to work."""

import asyncio
from collections.abc import Callable
from typing import Literal

import structlog
from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy import text

from api.resources import Resources, Shared
from shared import broker, workers

CHECK_TIMEOUT_S = 3.0
Check = Literal["ok", "down", "none"]
log = structlog.get_logger(__name__)
router = APIRouter(tags=["operation"])


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class Checks(BaseModel):
    """`none` means that nobody has announced itself: no live worker, no leading dispatcher."""

    postgres: Check
    broker: Check
    dispatcher: Check
    worker: Check


class Readiness(BaseModel):
    status: Literal["ok", "degraded", "unavailable"]
    checks: Checks


@router.get("/livez", operation_id="livez", summary="This process lives")
async def livez() -> Alive:
    return Alive()


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="What is ready to work",
    responses={503: {"model": Readiness, "description": "Postgres is not available."}},
)
async def readyz(resources: Shared, response: Response) -> Readiness:
    postgres, rings, leads, works = await asyncio.gather(
        _check(lambda: _postgres(resources)),
        _check(lambda: broker.ping(resources.settings)),
        _check(lambda: _leads(resources)),
        _check(lambda: _works(resources)),
    )
    checks = Checks(postgres=postgres, broker=rings, dispatcher=leads, worker=works)
    if postgres != "ok":
        response.status_code = 503
        return Readiness(status="unavailable", checks=checks)
    all_ok = all(state == "ok" for state in checks.model_dump().values())
    return Readiness(status="ok" if all_ok else "degraded", checks=checks)


async def _check(probe: Callable[[], bool | None]) -> Check:
    try:
        found = await asyncio.wait_for(run_in_threadpool(probe), CHECK_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 — an edge: whatever a store raises means that it is down.
        log.warning("check failed", error=str(error))
        return "down"
    return "none" if found is False else "ok"


def _postgres(resources: Resources) -> None:
    with resources.database.unit_of_work() as session:
        session.execute(text("SELECT 1"))


def _leads(resources: Resources) -> bool:
    with resources.database.unit_of_work() as session:
        return workers.dispatcher_leads(session)


def _works(resources: Resources) -> bool:
    with resources.database.unit_of_work() as session:
        return workers.live_workers(session) > 0

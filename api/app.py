"""The API put together: `create_app` makes one FastAPI application from settings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from api import errors
from api.accounts.routes import router as accounts_router
from api.backlog import Backlog
from api.body_limit import BodyLimit
from api.documents.change_routes import router as document_changes_router
from api.documents.routes import router as documents_router
from api.health import router as health_router
from api.idempotency import HEADER as KEY_HEADER
from api.idempotency import REPLAYED
from api.in_flight import InFlight
from api.jobs.routes import router as jobs_router
from api.request_id import HEADER, RequestId
from api.resources import Resources
from api.waiting import Changes
from shared.database import Database
from shared.passwords import get_hasher
from shared.settings import Settings
from shared.storage import BlobStore

DESCRIPTION = "Upload PDFs, watch them being read, and use the text, words and tables that were found."


def create_app(settings: Settings) -> FastAPI:
    database = Database(settings.database_url)
    resources = Resources(
        settings=settings,
        database=database,
        blobs=BlobStore(settings.storage),
        hasher=get_hasher(settings.bcrypt_rounds),
        changes=Changes(database.dsn),
        in_flight=InFlight(database.dsn),
        backlog=Backlog(settings.max_queued),
    )
    app: FastAPI = FastAPIOffline(title="Sheaf", version="0.1.0", description=DESCRIPTION, lifespan=_lifespan)
    app.state.resources = resources
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", KEY_HEADER, "If-None-Match"],
        expose_headers=["ETag", "Location", "Retry-After", HEADER, REPLAYED, "X-Sheaf-Complete"],
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestId)
    errors.install(app)
    for router in (accounts_router, documents_router, document_changes_router, jobs_router, health_router):
        app.include_router(router)
    app.add_api_route("/", _home, include_in_schema=False)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    resources: Resources = app.state.resources
    listening = asyncio.create_task(resources.changes.listen())
    yield
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
    await resources.in_flight.close()
    resources.database.close()


async def _home(_request: Request) -> RedirectResponse:
    return RedirectResponse("/docs")
